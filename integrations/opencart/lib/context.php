<?php
namespace Pannier;

/**
 * One connection's view of the shop: OpenCart store, language, currency, and prices as a visitor who is not logged in sees them.
 * Made once for each connection and run; it sets OpenCart's own settings to those of its store, and is used only where nothing else
 * is rendered afterwards, or with leave().
 */
class Context
{
	public $shop;
	public $target;
	public $settings;
	public $storeId;
	public $languageId;
	public $languages;
	public $currency;
	/** Unix seconds as Pannier's clock has them. */
	public $now;
	private $tax;
	private $base;
	/** The currency that all amounts in the database are in: that of the first store, whatever another one shows. */
	private $baseCurrency;
	private $rate;
	private $decimals;
	private $before = [];
	private $groups = [];
	private $countries = [];
	private $zones = [];

	const TAKEN_OVER = ['config_store_id', 'config_language_id', 'config_language', 'config_customer_group_id', 'config_tax', 'config_tax_default',
		'config_country_id', 'config_zone_id', 'config_seo_url', 'config_tax_customer'];

	public function __construct(Shop $shop, array $target)
	{
		$this->shop = $shop;
		$this->target = $target;
		$this->storeId = (int)$target['store_id'];
		$this->settings = $shop->storeSettings($this->storeId);
		$this->languages = $shop->languages();
		$code = $target['language'] !== '' ? $target['language'] : (string)$this->setting('config_language_catalog', $this->setting('config_language'));
		$this->languageId = (int)(array_search($code, $this->languages, true) ?: key($this->languages));
		$this->currency = $target['currency'] !== '' ? $target['currency'] : (string)$this->setting('config_currency');
		$this->readCurrency();
		$this->now = time() + (int)($target['clock_offset'] ?? 0);
		$this->enter();
	}

	public function setting(string $key, $otherwise = '')
	{
		return $this->settings[$key] ?? $otherwise;
	}

	public function language(): string
	{
		return $this->languages[$this->languageId];
	}

	/* ---- taking the shop's settings over ---- */

	private function enter()
	{
		$config = $this->shop->get('config');

		foreach (self::TAKEN_OVER as $key) {
			$this->before[$key] = $config->get($key);
			if (array_key_exists($key, $this->settings)) {
				$config->set($key, $this->settings[$key]);
			}
		}
		$config->set('config_store_id', $this->storeId);
		$config->set('config_language_id', $this->languageId);
		$config->set('config_language', $this->language());
		$this->tax = $this->makeTax();
		$this->base = $this->storeUrl();
	}

	/** For a page of the shop that goes on afterwards. */
	public function leave()
	{
		foreach ($this->before as $key => $value) {
			$this->shop->get('config')->set($key, $value);
		}
	}

	/** Taxes of a visitor from nowhere in particular, as OpenCart sets them up. */
	private function makeTax()
	{
		$class = $this->shop->isVersion('4.0.0.0') ? '\Opencart\System\Library\Cart\Tax' : '\Cart\Tax';
		$tax = new $class($this->shop->registry());
		$country = (int)$this->setting('config_country_id');
		$zone = (int)$this->setting('config_zone_id');

		if ($this->setting('config_tax_default') === 'shipping') {
			$tax->setShippingAddress($country, $zone);
		} elseif ($this->setting('config_tax_default') === 'payment') {
			$tax->setPaymentAddress($country, $zone);
		}
		$tax->setStoreAddress($country, $zone);

		return $tax;
	}

	/* ---- addresses ---- */

	private function storeUrl(): string
	{
		$row = $this->storeId ? $this->shop->row("SELECT * FROM {store} WHERE store_id = ?", [$this->storeId]) : [];

		if ($row) {
			return !empty($row['ssl']) ? $row['ssl'] : $row['url'];
		}
		if (!$this->shop->isVersion('4.0.0.0') && defined('HTTPS_SERVER') && HTTPS_SERVER !== '') {
			return HTTPS_SERVER;
		}

		return defined('HTTP_CATALOG') ? HTTP_CATALOG : HTTP_SERVER;
	}

	/** The address of a page of this store as the shop itself would link to it. */
	public function link(string $route, string $query): string
	{
		$url = $this->shop->get('url');
		$language = $this->shop->isVersion('4.0.0.0') ? 'language=' . $this->language() . '&' : '';
		$link = html_entity_decode($url->link($route, $language . $query, true), ENT_QUOTES, 'UTF-8');
		$shown = html_entity_decode($url->link('', '', true), ENT_QUOTES, 'UTF-8');
		$shown = preg_replace('/(index\.php)?\?.*$/', '', $shown);
		$shown = rtrim($shown, '/') . '/';

		return strpos($link, $shown) === 0 ? $this->base . substr($link, strlen($shown)) : $link;
	}

	public function image(string $path): string
	{
		return $this->base . 'image/' . implode('/', array_map('rawurlencode', explode('/', Shop::text($path))));
	}

	public function base(): string
	{
		return $this->base;
	}

	/* ---- money ---- */

	/** What a visitor is shown for a price without tax, in the connection's currency. */
	public function shown(float $price, int $taxClassId): string
	{
		return $this->amount($this->tax->calculate($price, $taxClassId, (bool)$this->setting('config_tax')));
	}

	/** An amount of the shop's own currency in the connection's. */
	public function amount($value): string
	{
		return number_format((float)$value * $this->rate(), $this->decimals, '.', '');
	}

	/** Today's, of the connection's currency. */
	public function rate(): float
	{
		return $this->rate;
	}

	private function readCurrency()
	{
		$row = $this->shop->row("SELECT `value`, decimal_place FROM {currency} WHERE code = ?", [$this->currency]);

		$this->baseCurrency = (string)$this->shop->value("SELECT `value` FROM {setting} WHERE store_id = 0 AND `key` = 'config_currency'");
		$this->rate = $this->currency !== $this->baseCurrency && $row && (float)$row['value'] > 0 ? (float)$row['value'] : 1.0;
		$this->decimals = $row ? (int)$row['decimal_place'] : 2;
	}

	/* ---- names ---- */

	public function customerGroup(int $groupId): string
	{
		if (!isset($this->groups[$groupId])) {
			$this->groups[$groupId] = Shop::text($this->shop->value(
				"SELECT name FROM {customer_group_description} WHERE customer_group_id = ? AND language_id = ?", [$groupId, $this->languageId]));
		}

		return $this->groups[$groupId];
	}

	/** ISO code of two letters, "" if it is not known. */
	public function countryCode(int $countryId): string
	{
		if (!isset($this->countries[$countryId])) {
			$this->countries[$countryId] = (string)$this->shop->value("SELECT iso_code_2 FROM {country} WHERE country_id = ?", [$countryId]);
		}

		return $this->countries[$countryId];
	}

	/** The country's own code of a region, "" if it has none. */
	public function zoneCode(int $zoneId): string
	{
		if (!isset($this->zones[$zoneId])) {
			$this->zones[$zoneId] = $zoneId ? (string)$this->shop->value("SELECT code FROM {zone} WHERE zone_id = ?", [$zoneId]) : '';
		}

		return $this->zones[$zoneId];
	}
}
