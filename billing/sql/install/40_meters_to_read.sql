-- The meters that hang today at points that somebody pays for today, each register once, with where its customer lives.
CREATE OR REPLACE VIEW billing_meter_to_read WITH (security_invoker = true) AS
SELECT installation.id AS installation_id, installation.uid, installation.register, meter.serial, meter.digits,
       account.uid AS account_uid, account.number AS account_number, own.path AS account_path,
       subscriber.name AS subscriber, subscriber.house, subscriber.flat,
       street.id AS street_id, street.name AS street, around.path AS street_path, around.name AS street_division, around.code || '/' || street.code AS street_key
  FROM billing_meterinstallation installation
  JOIN billing_meter meter ON meter.id = installation.meter_id
  JOIN billing_contractservicepoint link ON link.service_point_id = installation.service_point_id
                                        AND link.validity @> (now() AT TIME ZONE 'Asia/Tashkent')::date
  JOIN billing_contract contract ON contract.id = link.contract_id
  JOIN billing_account account ON account.id = contract.account_id
  JOIN billing_subscriber subscriber ON subscriber.id = account.subscriber_id
  JOIN gis_core_street street ON street.id = subscriber.street_id
  JOIN gis_core_division around ON around.id = street.division_id
  JOIN gis_core_division own ON own.id = account.division_id
 WHERE installation.validity @> (now() AT TIME ZONE 'Asia/Tashkent')::date;
