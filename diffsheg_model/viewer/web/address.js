// Removes the token from the address first of all, so that it stays out of the browser's history,
// out of bookmarks and off the screen. A cookie that scripts cannot read keeps it.

history.replaceState(history.state, '', location.pathname + location.hash);
