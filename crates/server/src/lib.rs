//! All of Cogward's HTTP: routes, extractors, layers, cookies and errors.
