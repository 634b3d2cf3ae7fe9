"""A value that nobody is to see, and the question whether a text has it in any form."""

import base64

CANARY = "wJalrXUtnFEMIK7MDENGbPxRfiCYCANARY"
ENCODED = {
    CANARY,
    base64.b64encode(CANARY.encode()).decode().rstrip("=")[:-1],  # also with more behind it
    CANARY.encode().hex(),
    # A piece is enough to recognise it.
    CANARY[:12],
    CANARY[-12:],
}


def assert_silent(text: str, where: str) -> None:
    for form in ENCODED:
        assert form not in text, f"the canary is in {where}: …{text[:3000]}"
