"""The committed description of the API is shorter than the one that is generated, and says the same."""

from types import SimpleNamespace

import yaml

WRITTEN = """\
paths:
  /api/v1/things/:
    get:
      parameters:
      - in: query
        name: uid
        schema:
          type: string
          format: uuid
        required: true
      - name: limit
        in: query
        schema:
          type: integer
          minimum: 1
          default: 100
      tags:
      - things
      security:
      - apiToken: []
      - cookieAuth: []
      responses:
        '200':
          content:
            application/json:
              schema:
                $ref: '#/components/schemas/Thing'
          description: ''
components:
  schemas:
    Thing:
      type: object
      properties:
        uid:
          type: string
          format: uuid
          readOnly: true
        words:
          type: array
          items:
            type: string
          description: 'Commas, colons: and [brackets] stay as they are'
        state:
          enum:
          - open
          - closed
          type: string
      required:
      - uid
      - words
"""


def test_the_text_is_shorter_and_says_the_same(local_stack):
    compacted = local_stack("checks").compacted
    short = compacted(WRITTEN)
    assert yaml.safe_load(short) == yaml.safe_load(WRITTEN)
    assert len(short.splitlines()) < 0.7 * len(WRITTEN.splitlines())
    assert "schema: {type: string, format: uuid}" in short
    assert compacted(short) == short


def test_the_committed_description_is_two_files_that_make_one(local_stack, tmp_path):
    checks = local_stack("checks")
    clone = SimpleNamespace(root=tmp_path, local=tmp_path)
    (tmp_path / "docs").mkdir()
    (tmp_path / "openapi.yaml").write_text(WRITTEN)
    assert "is missing" in checks.compare_openapi(clone)
    parts = checks.openapi_parts(clone)
    for path, text in parts.items():
        path.write_text(text)
    assert yaml.safe_load("".join(parts.values())) == yaml.safe_load(WRITTEN)
    assert checks.compare_openapi(clone) == ""
    (tmp_path / "docs" / "openapi_schemas.yaml").write_text("components: {}\n")
    assert "-components: {}" in checks.compare_openapi(clone)
