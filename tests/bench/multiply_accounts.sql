-- Copies of every account, with all that its bills depend on.
-- Inputs: copies, months, first_month. Output: rows of the registers; temporary tables that stay for the session.
CREATE TEMPORARY TABLE copy AS
SELECT account.id AS account_id, account.number || '-' || serial.number AS name
  FROM billing_account account, generate_series(1, %(copies)s) AS serial (number);
INSERT INTO billing_subscriber (uid, division_id, registry_number, subscriber_class, name, tax_id, personal_id, phone,
    street_id, house, flat, residents, is_priority)
SELECT gen_random_uuid(), old.division_id, copy.name, old.subscriber_class, old.name, old.tax_id, '', '', old.street_id,
       old.house, '', old.residents, false
  FROM copy JOIN billing_account account ON account.id = copy.account_id
  JOIN billing_subscriber old ON old.id = account.subscriber_id;
INSERT INTO billing_account (uid, enterprise_id, division_id, subscriber_id, number, currency)
SELECT gen_random_uuid(), old.enterprise_id, old.division_id, subscriber.id, copy.name, old.currency
  FROM copy JOIN billing_account old ON old.id = copy.account_id
  JOIN billing_subscriber subscriber ON subscriber.registry_number = copy.name;
CREATE TEMPORARY TABLE copied AS
SELECT copy.account_id AS old_id, account.id AS new_id, copy.name, account.division_id
  FROM copy JOIN billing_account account ON account.number = copy.name;
CREATE INDEX ON copied (old_id);
ANALYZE copied;
INSERT INTO billing_contract (uid, account_id, number, validity)
SELECT gen_random_uuid(), new_id, 'C-' || name || '-' || contract.id, contract.validity
  FROM copied JOIN billing_contract contract ON contract.account_id = old_id;
CREATE TEMPORARY TABLE copied_contract AS
SELECT old.id AS old_id, made.id AS new_id, copied.new_id AS account_id, name, division_id
  FROM copied JOIN billing_contract old ON old.account_id = copied.old_id
  JOIN billing_contract made ON made.number = 'C-' || name || '-' || old.id;
CREATE INDEX ON copied_contract (old_id);
ANALYZE copied_contract;
INSERT INTO billing_contractservice (contract_id, service_id, validity)
SELECT new_id, service_id, validity FROM copied_contract JOIN billing_contractservice held ON held.contract_id = old_id;
INSERT INTO billing_accountvalue (account_id, kind, service_id, valid_from, value, document)
SELECT new_id, kind, service_id, valid_from, value, document FROM copied JOIN billing_accountvalue own ON own.account_id = old_id;
INSERT INTO billing_benefit (account_id, kind, beneficiary, document, validity, residents, share_percent)
SELECT new_id, kind, beneficiary, name || '-' || benefit.id, validity, residents, share_percent
  FROM copied JOIN billing_benefit benefit ON benefit.account_id = old_id;
INSERT INTO billing_benefitservice (benefit_id, service_id)
SELECT made.id, listed.service_id
  FROM copied JOIN billing_benefit old ON old.account_id = old_id
  JOIN billing_benefit made ON made.account_id = new_id AND made.document = name || '-' || old.id
  JOIN billing_benefitservice listed ON listed.benefit_id = old.id;
INSERT INTO billing_givenquantity (account_id, service_id, month, quantity, document, charged_on)
SELECT new_id, given.service_id, (%(first_month)s::date + make_interval(months => later))::date, given.quantity, given.document,
       CASE WHEN given.charged_on IS NOT NULL THEN (%(first_month)s::date + make_interval(months => later))::date END
  FROM copied JOIN LATERAL (SELECT DISTINCT ON (service_id) * FROM billing_givenquantity
                             WHERE account_id = old_id ORDER BY service_id, month) given ON true
 CROSS JOIN generate_series(0, %(months)s - 1) AS later;
CREATE TEMPORARY TABLE copied_point AS
SELECT copied_contract.new_id AS contract_id, copied_contract.division_id, name || '-' || point.id AS name, link.basis, link.validity,
       point.id AS old_id, point.service, attachment.network_id, attachment.node_id, attachment.pipe_id, attachment.position,
       attachment.division_id AS place_id, nextval('assets_attachment_id_seq') AS attachment_id
  FROM copied_contract JOIN billing_contractservicepoint link ON link.contract_id = old_id
  JOIN billing_servicepoint point ON point.id = link.service_point_id
  JOIN assets_attachment attachment ON attachment.id = point.attachment_id;
INSERT INTO assets_attachment (id, uid, network_id, division_id, node_id, pipe_id, position)
OVERRIDING SYSTEM VALUE SELECT attachment_id, gen_random_uuid(), network_id, place_id, node_id, pipe_id, position FROM copied_point;
INSERT INTO billing_servicepoint (uid, division_id, code, service, attachment_id)
SELECT gen_random_uuid(), division_id, 'SP-' || name, service, attachment_id FROM copied_point;
CREATE TEMPORARY TABLE new_point AS
SELECT point.id, copied_point.* FROM copied_point JOIN billing_servicepoint point ON point.code = 'SP-' || name;
CREATE INDEX ON new_point (old_id);
ANALYZE new_point;
INSERT INTO billing_contractservicepoint (contract_id, service_point_id, validity, basis)
SELECT contract_id, id, validity, basis FROM new_point;
CREATE TEMPORARY TABLE copied_meter AS
SELECT new_point.id AS point_id, new_point.division_id, old.digits, old.multiplier, installation.register,
       name || '-' || installation.id AS serial
  FROM new_point JOIN LATERAL (SELECT DISTINCT ON (register) * FROM billing_meterinstallation
                                WHERE service_point_id = old_id ORDER BY register, lower(validity) DESC) installation ON true
  JOIN billing_meter old ON old.id = installation.meter_id;
INSERT INTO billing_meter (uid, division_id, serial, model_name, digits, multiplier)
SELECT gen_random_uuid(), division_id, serial, 'copy', digits, multiplier FROM copied_meter;
INSERT INTO billing_meterinstallation (uid, meter_id, service_point_id, register, validity)
SELECT gen_random_uuid(), meter.id, point_id, register, daterange(%(first_month)s::date - 6, NULL)
  FROM copied_meter JOIN billing_meter meter USING (serial);
INSERT INTO billing_reading (uid, installation_id, division_id, read_on, index_m3, state, source, queue_reason, entered_at)
SELECT gen_random_uuid(), installation.id, meter.division_id, (%(first_month)s::date + make_interval(months => later))::date,
       100 + later * (4 + installation.id %% 23), 'accepted', 'visit', '', now()
  FROM copied_meter JOIN billing_meter meter USING (serial)
  JOIN billing_meterinstallation installation ON installation.meter_id = meter.id
 CROSS JOIN generate_series(0, %(months)s) AS later;
