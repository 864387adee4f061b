// Asking again and again, gently: sooner while something changes, later while nothing does, not at all in the background.

const FIRST = 700;
const LONGEST = 10_000; // milliseconds
const GROWTH = 1.6;
const PATIENCE = 4; // errors in a row before the reader is told

/** ask() until `active(answer)` is false. Raises the last error after PATIENCE in a row, and AbortError by the signal. */
export async function poll(ask, draw, active, signal) {
  let [wait, seen, errors, first] = [FIRST, "", 0, true];
  for (;;) {
    try {
      const answer = await ask();
      signal.throwIfAborted();
      const now = JSON.stringify(answer);
      wait = now === seen ? Math.min(LONGEST, wait * GROWTH) : FIRST;
      seen = now;
      errors = 0;
      draw(answer);
      if (!active(answer)) return;
    } catch (error) {
      signal.throwIfAborted();
      errors += 1;
      if (first || errors >= PATIENCE || (error.status >= 400 && error.status < 500 && error.status !== 429))
        throw error;
      wait = Math.min(LONGEST, Math.max(wait * GROWTH, 1000 * (error.retryAfter ?? 0)));
    }
    first = false;
    await pause(wait, signal);
    await inSight(signal);
  }
}

/** Wait; raises the signal's reason once it is aborted. */
export function pause(milliseconds, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });
}

function inSight(signal) {
  if (!document.hidden) return undefined;
  return new Promise((resolve, reject) => {
    document.addEventListener("visibilitychange", resolve, { once: true, signal });
    signal.addEventListener("abort", () => reject(signal.reason));
  });
}
