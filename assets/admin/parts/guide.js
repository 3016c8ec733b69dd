/* Exactly what to paste into a shop. */
import { html } from "../core/dom.js";
import { t } from "../core/strings.js";
import { Paste } from "./base.js";

export function Guide({ guide, secret }) {
	return html`<div class="guide">
		<${Paste} label=${t("guide.url")} text=${guide.webhook_url} />
		${guide.header && html`<${Paste} label=${t("guide.header")} text=${guide.header} />`}
		${secret ? html`<${Paste} label=${t("guide.secret")} text=${secret} secret=${true} /><p class="note">${t("guide.secret.once")}</p>` :
			html`<p class="note">${t("guide.secret.gone")}</p>`}
		<p class="pre" dir="auto" tabindex="0">${guide.configure}</p>
		<details><summary>${t("guide.script")}</summary><p class="note">${t("guide.script.note")}</p>
			<${Paste} label=${t("guide.script.tag")} text=${guide.script_tag} /></details>
	</div>`;
}
