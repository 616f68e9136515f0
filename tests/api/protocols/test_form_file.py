"""The file of an upload."""

import pytest

from api.errors import ApiError
from api.protocols.form_file import MAX_FIELD_BYTES, file_of_upload
from api.protocols.message import Request

FORM = b'--x\r\nContent-Disposition: form-data; name="%s"; filename="f.csv"\r\n\r\n%s\r\n--x--\r\n'


def test_the_file_is_found():
    form = Request(FORM % (b"file", b"a,b\n1,2\n"), {"CONTENT_TYPE": "Multipart/Form-Data; boundary=x"})
    assert file_of_upload(form) == b"a,b\n1,2\n"
    assert file_of_upload(Request(b"a,b\n1,2\n", {"CONTENT_TYPE": "text/csv"})) == b"a,b\n1,2\n"


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (FORM % (b"other", b"a"), "multipart/form-data; boundary=x"),
        (FORM % (b"file", b"a"), "multipart/form-data; boundary=y"),
        (FORM % (b"file", b"a"), "multipart/form-data"),
        (FORM % (b"file", b"a"), "multipart/mixed; boundary=x"),
        ((FORM % (b"file", b"a,b\n1,2\n"))[:-9], "multipart/form-data; boundary=x"),
        (b"junk", "multipart/form-data; boundary=x"),
        (b"", "multipart/form-data; boundary=x"),
    ],
)
def test_a_form_without_it_is_refused(body, content_type):
    with pytest.raises(ApiError, match='a file under the name "file"') as caught:
        file_of_upload(Request(body, {"CONTENT_TYPE": content_type}))
    assert caught.value.status == 400


def test_two_files_are_refused():
    body = (FORM % (b"file", b"a,b\n1,2\n")).removesuffix(b"--x--\r\n") + FORM % (b"file", b"a,b\n3,4\n")
    with pytest.raises(ApiError, match="several files") as caught:
        file_of_upload(Request(body, {"CONTENT_TYPE": "multipart/form-data; boundary=x"}))
    assert caught.value.status == 400


def test_a_huge_field_is_refused(make_client):
    field = b'--x\r\nContent-Disposition: form-data; name="file"\r\n\r\n%s\r\n--x--\r\n' % (
        b"a" * (MAX_FIELD_BYTES + 9)
    )
    answer = make_client().post("/predict_file", field, {"Content-Type": "multipart/form-data; boundary=x"})
    assert answer.status == 413
