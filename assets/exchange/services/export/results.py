"""What an export says of itself."""

from dataclasses import dataclass, field
from typing import Any


@dataclass
class ExportResult:
    """What an export holds, and what of the network it does not hold or holds in another form."""

    network: str
    file_format: str
    counts: dict[str, int]
    crs: str
    not_kept: list[dict[str, Any]] = field(default_factory=list)
    adjusted: list[dict[str, Any]] = field(default_factory=list)
    renamed: list[dict[str, Any]] = field(default_factory=list)
    file: str = ""
    size_bytes: int = 0
    file_sha256: str = ""

    def as_dict(self) -> dict[str, Any]:
        return {
            "network": self.network,
            "format": self.file_format,
            "file": self.file,
            "size_bytes": self.size_bytes,
            "file_sha256": self.file_sha256,
            "counts": self.counts,
            "crs": self.crs,
            "not_kept": self.not_kept,
            "adjusted": self.adjusted,
            "renamed": self.renamed,
        }
