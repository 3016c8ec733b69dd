/* An address that leads nowhere. */
import { html } from "../core/dom.js";
import { href } from "../core/router.js";
import { t } from "../core/strings.js";
import { Empty, Page } from "../parts/base.js";

export default function Missing() {
	return html`<${Page} title=${t("missing.title")}>
		<${Empty} title=${t("missing.title")} actions=${html`<a class="button main" href=${href()}>${t("nav.overview")}</a>`}>${t("missing.text")}<//>
	<//>`;
}
