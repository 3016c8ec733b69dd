/*
 * A body as it is, in lines: text nodes only, long ones cut until asked for.
 */
import { html, useState } from "../core/dom.js";
import { t } from "../core/strings.js";
import { bytes } from "../core/format.js";
import { Button, Copy } from "./base.js";

const SHORT_CHARS = 4000;

export function jsonText(value) {
	return typeof value === "string" ? value : JSON.stringify(value, null, 2);
}

export function JsonView({ value, label }) {
	const [whole, setWhole] = useState(false);
	const text = jsonText(value), cut = !whole && text.length > SHORT_CHARS;

	return html`<div class="json">
		<div class="json-head"><span>${label}</span><${Copy} text=${text} label=${label} /></div>
		<pre tabindex="0" dir="ltr" aria-label=${label}>${cut ? text.slice(0, SHORT_CHARS) : text}</pre>
		${cut && html`<${Button} kind="small" onClick=${() => setWhole(true)}>${t("act.all", { size: bytes(text.length) })}<//>`}
	</div>`;
}
