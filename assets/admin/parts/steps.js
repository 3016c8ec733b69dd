/* The way from nothing to the first event, and where one stands on it. */
import { html } from "../core/dom.js";
import { t } from "../core/strings.js";
import { Icon } from "./base.js";

const STEPS = ["owner", "klaviyo", "store", "event"];

export function Steps({ at }) {
	const now = STEPS.indexOf(at);

	return html`<ol class="steps" aria-label=${t("steps.label")}>${STEPS.map((name, i) => html`
		<li key=${name} class=${i < now ? "done" : i === now ? "now" : ""} aria-current=${i === now ? "step" : undefined}>
			<span class="step-mark" aria-hidden="true">${i < now ? html`<${Icon} name="good" />` : i + 1}</span>${t(`steps.${name}`)}
		</li>`)}</ol>`;
}
