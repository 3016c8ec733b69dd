<?php
namespace Pannier;

/** A visitor's cart: what it holds now, kept under an id of its own so that a link can bring it back. */
class Cart
{
	/** Carts that nobody came back to are forgotten after this. */
	const KEPT_S = 30 * 86400;

	private $shop;

	public function __construct(Shop $shop)
	{
		$this->shop = $shop;
	}

	/**
	 * The cart with what this request put into it, or null: something was only taken out.
	 *
	 * @param bool $posted  a product was put in by its page; otherwise a line's quantity was changed
	 */
	public function changed(bool $posted)
	{
		$before = $this->kept($this->id()) ?: [];
		$snapshot = $this->snapshot();
		$snapshot['added'] = $posted ? $this->added($snapshot['lines']) : $this->grown($before, $snapshot['lines']);

		return $snapshot['added'] ? $snapshot : null;
	}

	/** Amounts as the visitor sees them, in the shop's own currency. */
	public function snapshot(): array
	{
		$lines = [];
		$total = 0.0;

		foreach ($this->now()->getProducts() as $product) {
			$line = $this->line($product);
			$total += $line['row_total'];
			$lines[] = $line;
		}
		$snapshot = ['cart_id' => $this->id(), 'store_id' => (int)$this->shop->config('config_store_id'), 'lines' => $lines, 'total' => $total] + $this->visitor();
		$this->keep($snapshot['cart_id'], $lines);

		return $snapshot;
	}

	/** Before 4.1 the cart is as it was when the request began: 4.0 misses what was put in, 3.0 what is theirs who has just logged in. */
	private function now()
	{
		if (!$this->shop->isVersion('4.1.0.0')) {
			$class = get_class($this->shop->get('cart'));

			return new $class($this->shop->registry());
		}

		return $this->shop->get('cart');
	}

	private function id(): string
	{
		$session = $this->shop->get('session');

		if (empty($session->data['pannier_cart'])) {
			$session->data['pannier_cart'] = bin2hex(random_bytes(16));
		}

		return $session->data['pannier_cart'];
	}

	private function visitor(): array
	{
		$customer = $this->shop->get('customer');
		$session = $this->shop->get('session');

		if ($customer->isLogged()) {
			return ['email' => $customer->getEmail(), 'customer_id' => (string)$customer->getId()];
		}

		return !empty($session->data['pannier_email']) ? ['email' => $session->data['pannier_email']] : [];
	}

	private function line(array $product): array
	{
		$price = (float)$this->shop->get('tax')->calculate((float)$product['price'], (int)$product['tax_class_id'], (bool)$this->shop->config('config_tax'));
		$options = [];
		$chosen = [];

		foreach ($product['option'] as $option) {
			if (!empty($option['product_option_value_id'])) {
				$chosen[] = (int)$option['product_option_value_id'];
			}
			$options[(int)$option['product_option_id']][] = empty($option['product_option_value_id']) ? $option['value'] : (int)$option['product_option_value_id'];
		}

		return [
			'product_id' => (int)$product['product_id'],
			'chosen' => $chosen,
			'options' => $options,
			'name' => Shop::text($product['name']),
			'variant_name' => implode(' / ', array_map([Shop::class, 'text'], array_column($product['option'], 'value'))),
			'quantity' => (int)$product['quantity'],
			'unit_price' => $price,
			'row_total' => $price * (int)$product['quantity'],
		];
	}

	/** The line that this request put in: the last one of its product and options. */
	private function added(array $lines)
	{
		$post = $this->shop->get('request')->post;
		$productId = (int)($post['product_id'] ?? 0);
		$wanted = array_map('intval', array_filter((array)($post['option'] ?? []), 'is_scalar'));

		foreach (array_reverse($lines) as $line) {
			if ($line['product_id'] === $productId && !array_diff($line['chosen'], $wanted)) {
				return ['quantity' => max(1, (int)($post['quantity'] ?? 1))] + $line;
			}
		}

		return $lines ? end($lines) : null;
	}

	/** The first line of which there is more than before, with as much as came to it. */
	private function grown(array $before, array $lines)
	{
		foreach ($lines as $line) {
			$quantity = $line['quantity'];
			foreach ($before as $old) {
				$quantity -= self::sameThing($old, $line) ? $old['quantity'] : 0;
			}
			if ($quantity > 0) {
				return ['quantity' => $quantity] + $line;
			}
		}

		return null;
	}

	private static function sameThing(array $old, array $line): bool
	{
		return $old['product_id'] === $line['product_id'] && json_encode($old['options']) === json_encode($line['options']);
	}

	/* ---- bringing it back ---- */

	/** Lines as keep() left them, null: there is no such cart. */
	private function kept(string $id)
	{
		$content = preg_match('/^[0-9a-f]{32}$/', $id) ? $this->shop->value("SELECT content FROM {pannier_cart} WHERE cart_id = ?", [$id]) : null;

		return $content === null ? null : (json_decode($content, true) ?: []);
	}

	private function keep(string $id, array $lines)
	{
		$kept = [];
		foreach ($lines as $line) {
			$kept[] = ['product_id' => $line['product_id'], 'quantity' => $line['quantity'], 'options' => $line['options']];
		}
		$this->shop->run("REPLACE INTO {pannier_cart} SET cart_id = ?, content = ?, at = ?",
			[$id, json_encode($kept, JSON_UNESCAPED_UNICODE | JSON_INVALID_UTF8_SUBSTITUTE), time()]);
		$this->shop->run("DELETE FROM {pannier_cart} WHERE at < ? LIMIT 20", [time() - self::KEPT_S]);
	}

	/** Puts a kept cart's products into this visitor's, unless theirs has something in it. False: there is no such cart. */
	public function restore(string $id): bool
	{
		$kept = $this->kept($id);
		$cart = $this->shop->get('cart');

		if ($kept === null) {
			return false;
		}
		if (!$cart->hasProducts()) {
			foreach ($kept as $line) {
				$cart->add((int)$line['product_id'], (int)$line['quantity'], self::posted($line['options']));
			}
			$this->shop->get('session')->data['pannier_cart'] = $id;
		}

		return true;
	}

	/** As a form would have posted them: one value alone, several as a list. */
	private static function posted(array $options): array
	{
		return array_map(function ($values) {
			return count($values) === 1 ? $values[0] : $values;
		}, $options);
	}

	/* ---- telling ---- */

	/** [type, data] of a snapshot, or null: another store's. */
	public static function message(Context $context, string $kind, array $snapshot)
	{
		$variants = new Variants($context);

		if ($snapshot['store_id'] !== $context->storeId) {
			return null;
		}
		$line = function ($line) use ($context, $variants) {
			list($productId, $variantId) = $variants->bought($line['product_id'], $line['chosen']);
			return array_filter(['product_id' => $productId, 'variant_id' => $variantId, 'name' => $line['name'], 'variant_name' => $line['variant_name'],
				'quantity' => $line['quantity'], 'unit_price' => $context->amount($line['unit_price']),
				'row_total' => $context->amount($line['unit_price'] * $line['quantity'])], function ($value) {
				return $value !== '';
			});
		};
		$url = $context->base() . 'index.php?route=' . $context->shop->route('cart') . '&cart_id=' . $snapshot['cart_id'];
		$cart = ['cart_id' => $snapshot['cart_id'], 'currency' => $context->currency, 'total' => $context->amount($snapshot['total']), 'url' => $url,
			'lines' => array_map($line, $snapshot['lines'])];
		if (!empty($snapshot['added'])) {
			$cart['added'] = $line($snapshot['added']);
		}
		/* One visitor for each session: what was done before the address was known is theirs too. */
		$data = ['anonymous_id' => 'cart-' . $snapshot['cart_id']] + array_intersect_key($snapshot, ['email' => 1, 'customer_id' => 1]) + ['cart' => $cart];

		return [$kind === 'checkout' ? 'storefront.checkout_started' : 'storefront.cart_changed', $data];
	}
}
