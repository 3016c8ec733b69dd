/* Where a screen has nothing to show, because no store is connected: said, with the way there for those who may. */
import { html } from "../core/dom.js";
import { href } from "../core/router.js";
import { may, useSession } from "../core/session.js";
import { t } from "../core/strings.js";
import { Empty } from "./base.js";

export function NoStores() {
	const adds = may(useSession(), "accounts:write");

	return html`<${Empty} title=${t("settings.stores.none")} actions=${adds && html`<a class="button main"
		href=${href("store")}>${t("overview.add_store")}</a>`}>${t("overview.empty.text")}<//>`;
}
