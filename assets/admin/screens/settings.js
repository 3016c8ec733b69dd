/*
 * Settings: which account or store, then all that can be switched there.
 */
import { html } from "../core/dom.js";
import { href } from "../core/router.js";
import { may, useSession } from "../core/session.js";
import { t } from "../core/strings.js";
import { useRead } from "../core/use.js";
import { Empty, Foreign, Loaded, Page, Section, Tag, Time } from "../parts/base.js";
import { History } from "../parts/history.js";
import { SettingsOf } from "../parts/settings_of.js";
import { Defaults, DefaultsCard } from "./defaults.js";

function AccountLine({ row }) {
	return html`<li class="store"><div class="store-name"><a href=${href("settings", "accounts", row.name)}><${Foreign} text=${row.name} /></a>
		<span class="soft">${row.oauth ? t("oauth.name") : t("settings.key", { last4: row.key_last4 })}</span></div>
		<div>${row.key_opens ? "" : html`<${Tag} tone="bad">${t("settings.key.broken")}<//>`}</div>
		<div class="soft">${t("settings.feeds", { n: row.stores.length })}</div></li>`;
}

function StoreLine({ row }) {
	return html`<li class="store"><div class="store-name"><a href=${href("settings", "stores", row.name)}><${Foreign} text=${row.name} /></a>
		<span class="soft">${row.platform} → <${Foreign} text=${row.account} /></span></div>
		<div>${row.secret_opens ? "" : html`<${Tag} tone="bad">${t("settings.secret.broken")}<//>`}
			${row.secrets > 1 && html`<${Tag} tone="warn">${t("settings.secrets.two")}<//>`}</div>
		<div class="soft">${t("overview.last")} <${Time} at=${row.last_message_at} /></div></li>`;
}

function All() {
	const accounts = useRead("/accounts"), stores = useRead("/stores"), owner = may(useSession(), "accounts:write");
	const add = (name, text) => owner && html`<a class="button" href=${href(name)}>${text}</a>`;

	return html`<${Page} title=${t("nav.settings")} lead=${t("settings.lead")}>
		<${Section} title=${t("settings.stores")} id="stores" actions=${add("store", t("overview.add_store"))}><${Loaded} read=${stores}>${(page) =>
	page.items.length ? html`<ul class="stores">${page.items.map((row) => html`<${StoreLine} key=${row.name} row=${row} />`)}</ul>` :
		html`<${Empty} title=${t("settings.stores.none")}>${t("overview.no_stores")}<//>`}<//><//>
		<${Section} title=${t("settings.accounts")} id="accounts" actions=${add("connect", t("settings.add_account"))}><${Loaded} read=${accounts}>${(page) =>
	page.items.length ? html`<ul class="stores">${page.items.map((row) => html`<${AccountLine} key=${row.name} row=${row} />`)}</ul>` :
		html`<${Empty} title=${t("settings.accounts.none")}>${t("overview.empty.text")}<//>`}<//><//>
		<${DefaultsCard} />
		<${History} />
	<//>`;
}

export default function Settings({ parts }) {
	const [kind, name] = parts;

	if ((kind === "accounts" || kind === "stores") && name)
		return html`<${SettingsOf} key=${`${kind}/${name}`} kind=${kind} name=${name} />`;
	if (kind === "defaults")
		return html`<${Defaults} />`;
	return html`<${All} />`;
}
