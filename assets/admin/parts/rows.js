/*
 * A list of any length: rows of one height, of which only those in sight are in the page; the next page is asked for before
 * the end comes into sight.
 *
 * Keeps:  a row keeps its place while others are put before it, unless the reader is at the top.
 */
import { html, useEffect, useLayoutEffect, useRef, useState } from "../core/dom.js";

const OVERSCAN = 12;

function useHeight(wideHeight, narrowHeight) {
	const query = "(max-width: 700px)";
	const [narrow, setNarrow] = useState(matchMedia(query).matches);

	useEffect(() => {
		const list = matchMedia(query), change = () => setNarrow(list.matches);

		list.addEventListener("change", change);
		return () => list.removeEventListener("change", change);
	}, []);
	return narrow ? narrowHeight : wideHeight;
}

export function Rows({ items, keyOf, row, more, height, narrow, label }) {
	const box = useRef(null), first = useRef(null), rowHeight = useHeight(height, narrow);
	const [view, setView] = useState({ top: 0, height: 800 });

	useLayoutEffect(() => {
		const element = box.current;
		const look = () => setView({ top: element.scrollTop, height: element.clientHeight });
		const observer = new ResizeObserver(look);

		observer.observe(element);
		element.addEventListener("scroll", look, { passive: true });
		return () => {
			observer.disconnect();
			element.removeEventListener("scroll", look);
		};
	}, []);
	useLayoutEffect(() => {
		const at = first.current ? items.findIndex((item) => keyOf(item) === first.current) : -1;

		if (at > 0 && box.current.scrollTop > rowHeight)
			box.current.scrollTop += at * rowHeight;
		first.current = items.length ? keyOf(items[0]) : null;
	}, [items, rowHeight]);
	const from = Math.max(0, Math.floor(view.top / rowHeight) - OVERSCAN);
	const to = Math.min(items.length, Math.ceil((view.top + view.height) / rowHeight) + OVERSCAN);

	useEffect(() => {
		if (more && to >= items.length - OVERSCAN)
			more();
	}, [to, items.length, more]);
	return html`<div class="rows" ref=${box} tabindex="0" role="region" aria-label=${label}>
		<div role="list" style=${{ height: `${items.length * rowHeight}px`, position: "relative" }}>
			${items.slice(from, to).map((item, i) => html`<div key=${keyOf(item)} role="listitem" class="row-slot"
				aria-posinset=${from + i + 1} aria-setsize=${more ? -1 : items.length}
				style=${{ top: `${(from + i) * rowHeight}px`, height: `${rowHeight}px` }}>${row(item)}</div>`)}
		</div>
	</div>`;
}
