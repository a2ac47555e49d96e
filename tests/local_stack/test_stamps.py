"""A step is skipped only when it ended well with the same inputs."""


def test_a_stamp_holds_for_the_same_inputs_only(local_stack, clone):
    stamps = local_stack("stamps")
    source = clone.root / "a.txt"
    source.write_text("one")
    before = stamps.hash_of([source], root=clone.root)
    assert not stamps.is_current(clone, "step", before)
    stamps.write(clone, "step", before, database="1")
    assert stamps.is_current(clone, "step", before)
    assert stamps.read(clone, "step")["database"] == "1"
    source.write_text("two")
    assert not stamps.is_current(clone, "step", stamps.hash_of([source], root=clone.root))
    stamps.remove(clone, "step")
    assert not stamps.is_current(clone, "step", before)


def test_a_damaged_stamp_counts_as_none(local_stack, clone):
    stamps = local_stack("stamps")
    for content in ("", '{"hash": "x"', "[]"):
        (clone.stamps / "step.json").write_text(content)
        assert stamps.read(clone, "step") == {}
        assert not stamps.is_current(clone, "step", "x")


def test_the_hash_sees_names_borders_absence_and_facts_but_not_the_order(local_stack, clone):
    stamps = local_stack("stamps")
    first, second = clone.root / "first", clone.root / "second"

    def hash_with(one: str, two: str | None, *facts: str) -> str:
        first.write_text(one)
        second.unlink(missing_ok=True)
        if two is not None:
            second.write_text(two)
        return stamps.hash_of([first, second], *facts, root=clone.root)

    hashes = [
        hash_with("ab", "c"),
        hash_with("a", "bc"),
        hash_with("abc", ""),
        hash_with("abc", None),
        hash_with("abc", "absent"),
        hash_with("ab", "c", "fact"),
    ]
    assert len(set(hashes)) == len(hashes)
    forwards = stamps.hash_of([first, second], root=clone.root)
    assert forwards == stamps.hash_of([second, first], root=clone.root)
    first.rename(clone.root / "third")
    assert forwards != stamps.hash_of([clone.root / "third", second], root=clone.root)


def test_saving_a_front_end_source_makes_the_build_stale(local_stack, clone):
    front_end, stamps = local_stack("front_end"), local_stack("stamps")
    source = clone.root / "frontend_map" / "src" / "deep" / "map.ts"
    source.parent.mkdir(parents=True)
    source.write_text("export {}")
    front_end.build_directory(clone).mkdir(parents=True)
    (front_end.directory(clone) / "node_modules").mkdir()
    made_from = stamps.hash_of(front_end.source_files(clone), root=clone.root)
    stamps.write(clone, front_end.BUILD_STAMP, made_from)
    assert front_end.is_current(clone)
    source.write_text("export const changed = 1")
    assert not front_end.is_current(clone)
    source.write_text("export {}")
    assert front_end.is_current(clone)
    front_end.build_directory(clone).rmdir()
    assert not front_end.is_current(clone)
