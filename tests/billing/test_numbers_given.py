"""Numbers of accounts with their check digit, and those of persons and bodies."""

import random

import pytest

from billing.models import AccountNumberCounter
from billing.services.account_numbers import check_digit, take_numbers
from billing.services.personal_numbers import is_personal_id, is_tax_id
from gis_core.models import Enterprise
from tests.billing.desk import PERSONAL_ID
from tests.world import World, make_world


def has_check_digit(number: str) -> bool:
    """Luhn's rule, as it is usually checked: the whole number, each second digit from the right doubled."""
    digits = [int(digit) for digit in reversed(number)]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[1::2]]
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0


def test_the_check_digit_is_luhns() -> None:
    # The example of ISO/IEC 7812-1 that every description repeats.
    assert check_digit("7992739871") == "3"
    generator = random.Random(1)
    for _case in range(500):
        number = str(generator.randrange(10**9, 10**10))
        assert has_check_digit(number + check_digit(number))


def test_a_wrong_digit_is_found() -> None:
    number = "0010000042" + check_digit("0010000042")
    for place in range(len(number)):
        for digit in "0123456789".replace(number[place], ""):
            assert not has_check_digit(number[:place] + digit + number[place + 1 :])


def test_numbers_go_on_and_leave_out_what_was_given(world: World) -> None:
    first, second = take_numbers(world.enterprise, 2)
    assert first != second
    assert all(has_check_digit(number) for number in (first, second))
    counter = AccountNumberCounter.objects.get()
    body = f"{counter.prefix}{counter.last_number + 1:07}"
    by_hand = body + check_digit(body)
    subscriber = world.account(0).subscriber
    subscriber.registry_number = by_hand
    subscriber.save()
    (third,) = take_numbers(world.enterprise, 1)
    assert third not in (first, second, by_hand)
    assert AccountNumberCounter.objects.get().last_number == counter.last_number + 2


def test_enterprises_do_not_meet(world: World, other_district: object) -> None:
    other = make_world(other_district, network_code="N2", enterprise_code="SUV2", first=9000)  # type: ignore[arg-type]
    assert Enterprise.objects.count() >= 2
    assert not {*take_numbers(world.enterprise, 20)} & {*take_numbers(other.enterprise, 20)}


@pytest.mark.parametrize(
    ("number", "is_right"),
    [
        # Of passports (ICAO Doc 9303) by the same rule: 520727 has the check digit 3, so has it with zeros before.
        (PERSONAL_ID, True),
        ("30101900000004", True),
        ("30101900000005", False),
        ("41506870312384", False),
        ("4150687031234", False),
        ("415068703123480", False),
        ("4150687031234a", False),
        ("", False),
    ],
)
def test_personal_numbers(number: str, is_right: bool) -> None:
    assert is_personal_id(number) == is_right


def test_each_wrong_digit_of_a_personal_number_is_found() -> None:
    for place in range(14):
        for digit in "0123456789".replace(PERSONAL_ID[place], ""):
            assert not is_personal_id(PERSONAL_ID[:place] + digit + PERSONAL_ID[place + 1 :])


def test_tax_ids_have_nine_digits() -> None:
    assert [is_tax_id(number) for number in ("301234567", "30123456", "3012345678", "30123456x")] == [
        True,
        False,
        False,
        False,
    ]
