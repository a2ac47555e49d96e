"""Which packages count as installed."""


def test_only_wholly_installed_packages_count(local_stack):
    lines = [
        "python3\tinstalled\t3.11.2-1+b1",
        "redis-server\tconfig-files\t5:7.0.15",
        "gdal-bin\thalf-configured\t3.6.2",
        "python3-venv\tnot-installed\t",
        "chromium\tnot-installed",
    ]
    assert local_stack("system_packages").parse_versions("\n".join(lines)) == {"python3": "3.11.2-1+b1"}
