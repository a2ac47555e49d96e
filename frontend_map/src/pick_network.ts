// A page with nothing but the picker of networks on it.
import { startNetworkPicker } from "./network_picker";

startNetworkPicker();
