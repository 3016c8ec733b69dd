/* How much of Klaviyo's limits is used: by us, and whether others use them too. */
import { html } from "../core/dom.js";
import { t } from "../core/strings.js";
import { number } from "../core/format.js";
import { Tag, Time } from "./base.js";

export function Budget({ rows }) {
	if (rows.length === 0)
		return html`<p class="note">${t("budget.none")}</p>`;
	return html`<details class="budget"><summary>${t("budget.title")}</summary>
		<ul>${rows.map((row) => html`<li key=${row.endpoint}>
			<div class="budget-head"><span>${row.endpoint}</span>
				<span>${t("budget.used", { used: number(row.used_per_minute), limit: number(row.limit_per_minute) })}</span></div>
			<meter min="0" max=${Math.max(1, row.klaviyo_per_minute)} high=${row.limit_per_minute} value=${row.used_per_minute}
				aria-label=${row.endpoint}></meter>
			<p class="note">${t("budget.klaviyo", { limit: number(row.klaviyo_per_minute) })}
				${row.others_use_it && html` <${Tag} tone="warn">${t("budget.others")}<//>`}
				${row.silent_until && html` <${Tag} tone="warn">${t("budget.silent")} <${Time} at=${row.silent_until} /><//>`}</p></li>`)}
		</ul></details>`;
}
