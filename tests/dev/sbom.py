"""The bill of materials of the image: SPDX 2.3, from what dpkg knows of the files in it."""

import hashlib
import platform
import subprocess
from pathlib import Path

NAME = "harbor-pg-webhook"
EPOCH = "1970-01-01T00:00:00Z"  # not when it was made: the same image has the same document
UNSAID = "NOASSERTION"
FIELDS = ("Package", "Version", "Architecture", "source:Package", "source:Version", "Maintainer")


def dpkg(*words: str) -> str:
    done = subprocess.run(["dpkg-query", *words], capture_output=True, text=True)
    return done.stdout


def owner(origin: Path) -> str:
    """The Debian package that brought a file, or a folder whose files were put together, as
    name:architecture."""
    # With /usr merged, dpkg knows a file by the path that its package was made with.
    real = Path(*origin.parent.resolve().parts, origin.name)
    for path in dict.fromkeys((origin, real, Path("/", *real.parts[2:]))):
        package, _, _ = dpkg("--search", str(path)).partition(": ")
        if package:
            return package
    raise SystemExit(f"sbom: no Debian package brought {origin}")


def details(package: str) -> dict[str, str]:
    layout = "\\n".join(f"${{{field}}}" for field in FIELDS)
    values = dpkg("--show", f"--showformat={layout}", package).splitlines()
    return dict(zip(FIELDS, values, strict=True))


def distribution() -> str:
    release = platform.freedesktop_os_release()
    return f"{release['ID']}-{release['VERSION_ID']}"


def debian_package(package: str) -> dict:
    it = details(package)
    name, version, source = it["Package"], it["Version"], it["source:Package"]
    url = f"pkg:deb/debian/{name}@{version.replace('+', '%2B')}"
    url += f"?arch={it['Architecture']}&distro={distribution()}"
    return {
        "SPDXID": f"SPDXRef-Package-{name}".replace("+", "-"),
        "name": name,
        "versionInfo": version,
        "supplier": f"Organization: {it['Maintainer']}",
        "sourceInfo": f"built by Debian from the source package {source} {it['source:Version']}",
        "externalRefs": [purl(url)],
    }


def purl(url: str) -> dict:
    return {
        "referenceCategory": "PACKAGE-MANAGER",
        "referenceType": "purl",
        "referenceLocator": url,
    }


def file_entry(number: int, name: str, content: bytes) -> dict:
    return {
        "SPDXID": f"SPDXRef-File-{number}",
        "fileName": f".{name}",
        "fileTypes": ["TEXT" if name.endswith(".crt") else "BINARY"],
        "checksums": [
            {"algorithm": "SHA1", "checksumValue": hashlib.sha1(content).hexdigest()},
            {"algorithm": "SHA256", "checksumValue": hashlib.sha256(content).hexdigest()},
        ],
        "licenseConcluded": UNSAID,
        "copyrightText": UNSAID,
    }


def verification_code(files: list[dict]) -> str:
    """SPDX 2.3, 7.9: over the sorted SHA-1 sums of a package's files."""
    sums = sorted(it["checksums"][0]["checksumValue"] for it in files)
    return hashlib.sha1("".join(sums).encode()).hexdigest()


def relation(one: str, kind: str, other: str) -> dict:
    return {"spdxElementId": one, "relationshipType": kind, "relatedSpdxElement": other}


def document(root: Path, origins: dict[str, Path], version: dict, digest: str) -> dict:
    """The SPDX document of an image: what lies under `root`, path by path of `origins`.

    Every file belongs to one package: to ours, or to the Debian package that brought it.
    """
    ours = {
        "SPDXID": f"SPDXRef-Package-{NAME}",
        "name": NAME,
        "versionInfo": version["version"],
        "supplier": UNSAID,
        "sourceInfo": f"built from commit {version['commit']}",
        "licenseDeclared": "Apache-2.0",
        "externalRefs": [purl(f"pkg:oci/{NAME}@{digest.replace(':', '%3A')}")],
    }
    packages = {"": ours}
    contents: dict[str, list[dict]] = {"": []}
    for number, (name, origin) in enumerate(sorted(origins.items()), 1):
        package = "" if name == f"/{NAME}" else owner(origin)
        if package not in packages:
            packages[package] = debian_package(package)
        entry = file_entry(number, name, (root / name.lstrip("/")).read_bytes())
        contents.setdefault(package, []).append(entry)

    relations = [relation("SPDXRef-DOCUMENT", "DESCRIBES", ours["SPDXID"])]
    for package, it in sorted(packages.items()):
        it.update(
            downloadLocation=UNSAID,
            filesAnalyzed=True,
            packageVerificationCode={
                "packageVerificationCodeValue": verification_code(contents[package])
            },
            licenseConcluded=UNSAID,
            copyrightText=UNSAID,
        )
        it.setdefault("licenseDeclared", UNSAID)
        if it is not ours:
            relations.append(relation(ours["SPDXID"], "DEPENDS_ON", it["SPDXID"]))
        relations += [relation(it["SPDXID"], "CONTAINS", f["SPDXID"]) for f in contents[package]]
    return {
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": f"{NAME} {version['version']}",
        "documentNamespace": f"https://spdx.org/spdxdocs/{NAME}-{digest.replace(':', '-')}",
        "creationInfo": {"created": EPOCH, "creators": [f"Tool: {NAME} ./dev image"]},
        "packages": [it for _, it in sorted(packages.items())],
        "files": [entry for _, its in sorted(contents.items()) for entry in its],
        "relationships": relations,
    }
