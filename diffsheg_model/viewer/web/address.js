// Takes the token out of the address, before anything else: the browser's history, bookmarks and
// whoever looks at the screen need not have it. A cookie that scripts cannot read keeps it.

history.replaceState(history.state, '', location.pathname + location.hash);
