"""docs/registers.md: the registers and their columns, written from their declarations."""

from billing.exchange.selectors.columns import CellType, Column
from billing.exchange.selectors.handheld import HANDHELD
from billing.exchange.selectors.kinds import KINDS, RegisterKind
from billing.exchange.selectors.registers import EXPORTING
from gis_core.access import ROLE_CAPABILITIES

MARK = "<!-- Below this line: manage.py document_registers -->"
_TYPES = {
    CellType.TEXT: "text of up to {longest}",
    CellType.WHOLE: "whole number, {least} to {most}",
    CellType.DECIMAL: "number, {least} to {most}, {decimals} decimals",
    CellType.DAY: "day",
    CellType.MONTH: "month",
    CellType.TRUTH: "yes or no",
    CellType.CHOICE: "{choices}",
    CellType.CODES: "codes with `\\|` between them",
    CellType.NUMBERS: "numbers with `\\|` between them",
}


def with_chapters(document: str) -> str:
    """The document, what stands below its mark written anew: a chapter for each register, and for handhelds."""
    above, _mark, _below = document.partition(MARK)
    return "\n".join([f"{above}{MARK}\n", *map(_chapter, (*KINDS.values(), HANDHELD))])


def _chapter(kind: RegisterKind) -> str:
    rows = [
        f"| `{column.name}`{' *' if column.is_required else ''} | {column.title} | {_type(column)} "
        f"| {_escaped(column.meaning)} | {_escaped(column.example)} |"
        for column in kind.columns
    ]
    where = "in the whole republic" if kind.is_everybodys else "in their divisions"
    needed = {kind.capability, EXPORTING}
    roles = ", ".join(role for role, held in ROLE_CAPABILITIES.items() if needed <= held)
    return "\n".join(
        [
            f"## `{kind.name}`: {kind.title}",
            f"{kind.meaning}",
            "",
            f"Key: {', '.join(f'`{name}`' for name in kind.key)}. Brought in by: {roles}, {where}.",
            "",
            "| Column | Title | Holds | Meaning | Example |",
            "|---|---|---|---|---|",
            *rows,
            "",
        ]
    )


def _escaped(text: str) -> str:
    return text.replace("|", "\\|")


def _type(column: Column) -> str:
    if column.is_told:
        return "only written"
    return _TYPES[column.type].format(
        longest=column.longest,
        least=f"{column.least:f}",
        most=f"{column.most:f}",
        decimals=column.decimals,
        choices=", ".join(f"`{value}`" for value, _label in column.choices),
    )
