/** When something runs, if it is asked for more often than it has to. */

/** Calls `run` once, `ms` after the last of a row of calls. */
export function debounce(run, ms) {
  let timer;
  return (...args) => {
    clearTimeout(timer);
    timer = setTimeout(run, ms, ...args);
  };
}

/** Calls `run` `ms` after the first of a row of calls: a steady stream of calls never starves it. */
export function soon(run, ms) {
  let timer = null;
  return () => {
    timer ??= setTimeout(() => {
      timer = null;
      run();
    }, ms);
  };
}

/**
 * Makes calls of an async function take turns: while one runs, any number of further calls become one more run
 * after it. So the last state is always fetched, and two answers never come in the wrong order.
 */
export function oneAtATime(run) {
  let running = null;
  let again = null;
  const start = () => {
    running = run().finally(() => {
      running = null;
    });
    return running;
  };
  return () => {
    if (!running) return start();
    again ??= running
      .catch(() => {})
      .then(() => {
        again = null;
        return start();
      });
    return again;
  };
}
