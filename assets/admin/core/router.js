/*
 * Addresses: /admin/NAME/PART?query. Links are plain links; only those to our own pages are followed without loading anew.
 */
import { useEffect, useState } from "./dom.js";

const BASE = "/admin";
const listeners = new Set();
let guard = null; /* asks before a screen with unsaved changes is left */

export function where() {
	const parts = location.pathname.slice(BASE.length).split("/").filter(Boolean).map(decodeURIComponent);

	return { parts, query: Object.fromEntries(new URLSearchParams(location.search)), hash: location.hash.slice(1) };
}

/* href("settings", "store", "a", { tab: "b" }) -> "/admin/settings/store/a?tab=b" */
export function href(...parts) {
	const query = typeof parts[parts.length - 1] === "object" ? parts.pop() : {};
	const text = new URLSearchParams(Object.entries(query).filter(([, value]) => value)).toString();

	return [BASE, ...parts.map(encodeURIComponent)].join("/") + (text ? "?" + text : "");
}

function tell() {
	for (const listener of listeners)
		listener(where());
}

export function go(address, options = {}) {
	if (guard && !options.force && !guard())
		return;
	history[options.replace ? "replaceState" : "pushState"](null, "", address);
	tell();
}

/* While true, leaving asks. */
export function useGuard(active, question) {
	useEffect(() => {
		if (!active)
			return undefined;
		const before = (event) => event.preventDefault();

		guard = () => confirm(question);
		addEventListener("beforeunload", before);
		return () => {
			guard = null;
			removeEventListener("beforeunload", before);
		};
	}, [active, question]);
}

function follow(event) {
	const link = event.target.closest ? event.target.closest("a[href]") : null;

	if (!link || event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey ||
		event.altKey || link.target || link.hasAttribute("download") || link.origin !== location.origin ||
		!link.pathname.startsWith(BASE) || link.pathname.startsWith(BASE + "/api/"))
		return;
	if (link.hash && link.pathname === location.pathname && link.search === location.search)
		return;
	event.preventDefault();
	go(link.href);
}

export function useRoute() {
	const [route, setRoute] = useState(where());

	useEffect(() => {
		listeners.add(setRoute);
		addEventListener("popstate", tell);
		document.addEventListener("click", follow);
		return () => {
			listeners.delete(setRoute);
			removeEventListener("popstate", tell);
			document.removeEventListener("click", follow);
		};
	}, []);
	return route;
}
