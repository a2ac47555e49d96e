// What follows the pointer: at most once for each picture that the screen shows.

/** Do something with the newest value, once before the next picture, however often it is told. */
export function oncePerFrame<T>(act: (value: T) => void): (value: T) => void {
  let newest: T | undefined;
  let isWaiting = false;
  return (value) => {
    newest = value;
    if (isWaiting) return;
    isWaiting = true;
    requestAnimationFrame(() => {
      isWaiting = false;
      act(newest as T);
    });
  };
}
