"""The committed description of the API is shorter than the one that is generated, and says the same."""

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
