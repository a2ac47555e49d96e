// Where the phone is: asked once, or followed.
import type { FieldContext } from "./field_context";

const OPTIONS: PositionOptions = { enableHighAccuracy: true, timeout: 15_000, maximumAge: 10_000 };

/** The phone's position, or null when it tells none. */
export function locate(context: FieldContext): Promise<GeolocationPosition | null> {
  if (!("geolocation" in navigator)) return Promise.resolve(null);
  return new Promise((resolve) => {
    navigator.geolocation.getCurrentPosition(
      (position) => {
        context.here = position;
        resolve(position);
      },
      () => resolve(null),
      OPTIONS,
    );
  });
}

/** Follow the phone; the answer ends it. */
export function follow(context: FieldContext, moved: (position: GeolocationPosition) => void, lost: () => void): () => void {
  if (!("geolocation" in navigator)) {
    lost();
    return () => undefined;
  }
  const watch = navigator.geolocation.watchPosition(
    (position) => {
      context.here = position;
      moved(position);
    },
    lost,
    { ...OPTIONS, maximumAge: 2000 },
  );
  return () => navigator.geolocation.clearWatch(watch);
}

/** An address by which the phone's own navigation leads there. */
export function wayTo(lon: number, lat: number, label: string): string {
  const place = `${lat.toFixed(6)},${lon.toFixed(6)}`;
  const isApple = /iPhone|iPad|Macintosh/.test(navigator.userAgent);
  return isApple ? `https://maps.apple.com/?daddr=${place}` : `geo:${place}?q=${place}(${encodeURIComponent(label)})`;
}
