/* One store, or all. */
import { html } from "../core/dom.js";
import { t } from "../core/strings.js";
import { useRead } from "../core/use.js";
import { Choice } from "./form.js";

export function StoreChoice({ value, onValue }) {
	const stores = useRead("/stores");

	if (!stores.data || stores.data.items.length < 2)
		return null;
	return html`<div class="filters"><${Choice} label=${t("filters.store")} value=${value} onValue=${onValue}
		choices=${[["", t("filters.all")], ...stores.data.items.map((row) => row.name)]} /></div>`;
}
