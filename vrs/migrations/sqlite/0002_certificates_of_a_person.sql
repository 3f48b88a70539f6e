-- A kiosk issues a certificate for abroad only on an earlier one with the same passport: looked for among the person's own. The
-- passport's data stand sealed in `certificate.attributes`, with id and date of issue (record items of issuing).
CREATE INDEX certificate_by_person ON certificate (person);
