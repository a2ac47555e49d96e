-- What Django's models cannot say of work orders and of what is sent from the field.
-- Invariants: an order and a valve's operation are of their network's division and of what stands in that network.

ALTER TABLE assets_workorder ADD CONSTRAINT work_order_network_division
    FOREIGN KEY (network_id, division_id) REFERENCES assets_network (id, division_id)
    ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE assets_workorder ADD CONSTRAINT work_order_attachment_in_network
    FOREIGN KEY (network_id, attachment_id) REFERENCES assets_attachment (network_id, id)
    DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE assets_workorder ADD CONSTRAINT work_order_is_on_earth
    CHECK (NOT ST_IsEmpty(geom) AND ST_X(geom) BETWEEN -180 AND 180 AND ST_Y(geom) BETWEEN -90 AND 90);
ALTER TABLE assets_valveoperation ADD CONSTRAINT valve_operation_network_division
    FOREIGN KEY (network_id, division_id) REFERENCES assets_network (id, division_id)
    ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE assets_valveoperation ADD CONSTRAINT valve_operation_attachment_in_network
    FOREIGN KEY (network_id, attachment_id) REFERENCES assets_attachment (network_id, id)
    DEFERRABLE INITIALLY DEFERRED;
