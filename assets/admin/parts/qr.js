/* A QR code of rows of 1 and 0: one path, dark on white whatever the page's colours, with a quiet margin. */
import { html } from "../core/dom.js";

const MARGIN = 4;

function pathOf(rows) {
	return rows.flatMap((row, y) => [...row.matchAll(/1+/g)].map((run) =>
		`M${run.index + MARGIN} ${y + MARGIN}h${run[0].length}v1h-${run[0].length}z`)).join("");
}

export function Qr({ rows, label }) {
	const size = rows.length + 2 * MARGIN;

	return html`<svg class="qr" role="img" aria-label=${label} viewBox=${`0 0 ${size} ${size}`}
		shape-rendering="crispEdges">
		<rect width=${size} height=${size} fill="#fff" /><path d=${pathOf(rows)} fill="#000" /></svg>`;
}
