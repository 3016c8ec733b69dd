/*
 * Defaults for all stores: what counts for every store and account that has no value of its own, in the same fields as theirs.
 */
import { html } from "../core/dom.js";
import { href } from "../core/router.js";
import { t } from "../core/strings.js";
import { useRead } from "../core/use.js";
import { Loaded, Section } from "../parts/base.js";
import { History } from "../parts/history.js";
import { isOwn } from "../parts/setting_field.js";
import { SettingsPage } from "../parts/settings_of.js";

/* On the page of all settings: the way here. */
export function DefaultsCard() {
	const defaults = useRead("/defaults", { live: true });
	const open = html`<a class="button" href=${href("settings", "defaults")}>${t("defaults.open")}</a>`;
	const count = (n) => n === 0 ? t("defaults.count.none") : t("defaults.count", { n });

	return html`<${Section} title=${t("defaults.title")} note=${t("defaults.note")} id="defaults" actions=${open}>
		<${Loaded} read=${defaults} lines=${1}>${(settings) => html`<p class="soft">
			${count(settings.values.filter(isOwn).length)}</p>`}<//><//>`;
}

export function Defaults() {
	const table = useRead("/settings"), defaults = useRead("/defaults", { live: true });

	return html`<${SettingsPage} title=${t("defaults.title")} lead=${t("defaults.lead")} table=${table} settings=${defaults}
		before=${[]} after=${[["history", t("history.title")]]} below=${html`<${History} scope="defaults" />`}
		kind="defaults" name=${t("defaults.all")} />`;
}
