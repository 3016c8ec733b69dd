/* What a message would become: the exact requests, or why there are none. */
import { html } from "../core/dom.js";
import { t } from "../core/strings.js";
import { Notice } from "./base.js";
import { JsonView } from "./json_view.js";

export function Requests({ preview }) {
	return html`<div>
		${preview.reason && html`<${Notice} tone="warn" title=${preview.reason} />`}
		${preview.held && html`<${Notice} tone="warn" title=${t("preview.held")}><bdi dir="auto">${preview.held}</bdi><//>`}
		${preview.note && html`<p class="note" dir="auto">${preview.note}</p>`}
		${preview.requests.length === 0 && html`<p class="soft">${t("preview.nothing")}</p>`}
		${preview.requests.map((row, i) => html`<${JsonView} key=${i} value=${row.body} label=${`${row.method} ${row.url}`} />`)}
	</div>`;
}
