// Leaflet as loaded by django-leaflet's template tag, for everything that imports "leaflet".
import type * as LeafletTypes from "leaflet";

const leaflet = (window as unknown as { L: typeof LeafletTypes }).L;
export default leaflet;
