"""Errors as AWS names them, before they take the shape of a protocol."""


class AwsError(Exception):
    """An answer that is an error: AWS's code, its sentence, the HTTP status."""

    def __init__(self, code: str, message: str, *, status: int = 400) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status


def validation(message: str) -> AwsError:
    """STS's way to say that a parameter is wrong."""
    return AwsError("ValidationError", message)
