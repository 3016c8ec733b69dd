/* Filters of the activity: each changes the address of the page. */
import { html, useState } from "../core/dom.js";
import { t } from "../core/strings.js";
import { Button } from "./base.js";
import { Choice, Form, TextField } from "./form.js";
import { sentenceOf } from "./activity_line.js";

const SPANS = [["", 0], ["hour", 3600000], ["day", 86400000], ["week", 604800000]];
const KINDS = ["order", "product", "category", "person", "visitor"];

/* What was typed: an id of a message or delivery, or of a thing of the kind chosen. */
function about(text, kind) {
	const id = text.trim();

	if (!id)
		return { message: "", delivery: "", kind: "", id: "" };
	if (/^m[0-9a-z]+$/i.test(id) && !kind)
		return { message: id, delivery: "", kind: "", id: "" };
	if (/^d[0-9a-z]+$/i.test(id) && !kind)
		return { message: "", delivery: id, kind: "", id: "" };
	return { message: "", delivery: "", kind: kind || "order", id };
}

/* "2026-07-30T12:00" as it is here -> in UTC */
const instant = (local) => local ? new Date(local).toISOString() : "";

function spanOf(since) {
	const age = since ? Date.now() - Date.parse(since) : 0;
	const found = SPANS.find(([, ms]) => ms > 0 && Math.abs(age - ms) < ms / 10);

	return since ? (found ? found[0] : "other") : "";
}

export function Filters({ filters, stores, codes, onChange }) {
	const [id, setId] = useState(filters.id || filters.message || filters.delivery || ""), [kind, setKind] = useState(filters.kind || "");
	const spans = SPANS.map(([name]) => [name, t(`span.${name || "all"}`)]).concat(spanOf(filters.since) === "other" ? [["other", t("span.other")]] : []);
	const since = (name) => {
		const span = SPANS.find(([key]) => key === name);

		onChange({ since: span && span[1] ? new Date(Date.now() - span[1]).toISOString() : "" });
	};

	return html`<${Form} class="filters" role="search" aria-label=${t("filters.label")} onSubmit=${() => onChange(about(id, kind))}>
		<${Choice} label=${t("filters.store")} value=${filters.store || ""} onValue=${(store) => onChange({ store })}
			choices=${[["", t("filters.all")], ...(stores ? stores.items.map((row) => row.name) : [])]} />
		<${Choice} label=${t("filters.code")} value=${filters.code || ""} onValue=${(code) => onChange({ code })}
			choices=${[["", t("filters.all")], ...(codes ? codes.items.map((row) => [row.code, sentenceOf(row)]) : [])]} />
		<${Choice} label=${t("filters.since")} value=${spanOf(filters.since)} onValue=${since} choices=${spans} />
		<${TextField} label=${t("filters.until")} type="datetime-local" value="" onValue=${(value) => onChange({ until: instant(value) })} />
		<${Choice} label=${t("filters.kind")} value=${kind} onValue=${setKind}
			choices=${[["", t("filters.id_only")], ...KINDS.map((name) => [name, t(`kind.${name}`)])]} />
		<${TextField} label=${t("filters.id")} value=${id} onValue=${setId} type="search" />
		<div class="field"><${Button} type="submit">${t("filters.find")}<//></div>
	<//>`;
}
