<?php
namespace Pannier;

/** What the extension adds to the shop's pages: the script, and what the page shows. No inline code. */
class Page
{
	private $shop;

	public function __construct(Shop $shop)
	{
		$this->shop = $shop;
	}

	/** The footer with the script, if a connection of this store has it on. */
	public function footer(string $html): string
	{
		$target = $this->shop->row("SELECT * FROM {pannier_target} WHERE status = 1 AND script = 1 AND store_id = ? ORDER BY target_id LIMIT 1",
			[(int)$this->shop->config('config_store_id')]);

		if (!$target) {
			return $html;
		}
		$tags = $this->identify() . $this->shown($target) . '<script src="' . self::attribute(self::scriptUrl($target['url'])) . '" data-pannier defer></script>';
		$at = strripos($html, '</body>');

		return $at === false ? $html . $tags : substr($html, 0, $at) . $tags . substr($html, $at);
	}

	/** https://HOST/hooks/opencart/NAME has its script at https://HOST/s/NAME.js. */
	public static function scriptUrl(string $url): string
	{
		return preg_replace('#/hooks/[^/]+/([^/?]+).*$#', '/s/$1.js', $url);
	}

	private static function attribute(string $text): string
	{
		return htmlspecialchars($text, ENT_QUOTES, 'UTF-8');
	}

	private function element(string $name, array $value): string
	{
		return '<div hidden data-pannier-' . $name . '="' .
			self::attribute(json_encode($value, JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE | JSON_INVALID_UTF8_SUBSTITUTE)) . '"></div>';
	}

	private function identify(): string
	{
		$customer = $this->shop->get('customer');
		$session = $this->shop->get('session');
		$email = $customer->isLogged() ? $customer->getEmail() : ($session->data['pannier_email'] ?? '');

		return $email !== '' ? $this->element('identify', ['email' => $email]) : '';
	}

	/** The product, category or search that the page is about. */
	private function shown(array $target): string
	{
		$get = $this->shop->get('request')->get;
		$route = (string)($get['route'] ?? '');

		if ($route === 'product/product' && !empty($get['product_id'])) {
			return $this->product($target, (int)$get['product_id']);
		}
		if ($route === 'product/category' && !empty($get['path'])) {
			$parts = explode('_', (string)$get['path']);
			return $this->category($target, (int)end($parts), (string)$get['path']);
		}
		if ($route === 'product/search' && isset($get['search']) && trim((string)$get['search']) !== '') {
			return $this->element('search', ['term' => Shop::text($get['search'])]);
		}

		return '';
	}

	private function product(array $target, int $productId): string
	{
		$context = new Context($this->shop, $target);
		list($itemId, $variantId) = (new Variants($context))->bought($productId, []);
		list($type, $data) = (new CatalogRenderer($context))->product((int)$itemId);
		$context->leave();
		if ($type !== 'product.upserted') {
			return '';
		}

		return $this->element('product', array_filter([
			'product_id' => $itemId,
			'variant_id' => $variantId,
			'sku' => $data['sku'] ?? '',
			'name' => $data['title'][$context->language()] ?? '',
			'price' => $data['price'],
			'compare_at_price' => $data['compare_at_price'] ?? '',
			'currency' => $data['currency'],
			'brand' => $data['brand']['name'] ?? '',
			'image_url' => $data['images'][0] ?? '',
			'url' => $data['url'],
		], 'strlen'));
	}

	private function category(array $target, int $categoryId, string $path): string
	{
		$context = new Context($this->shop, $target);
		list($type, $data) = (new CatalogRenderer($context))->category($categoryId);
		$url = $context->link('product/category', 'path=' . $path);
		$context->leave();
		if ($type !== 'category.upserted') {
			return '';
		}

		return $this->element('category', ['id' => (string)$categoryId, 'name' => $data['title'][$context->language()] ?? '', 'url' => $url]);
	}
}
