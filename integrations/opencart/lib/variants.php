<?php
namespace Pannier;

/**
 * What can be bought of a product: one variant for each choice of its required options, and in OpenCart 4 the variants that are
 * products of their own.
 *
 * Options that need not be chosen, that allow several values, or that are filled in by hand change no variant: their surcharge is not
 * known before they are chosen.
 */
class Variants
{
	/** More choices than this are not spelt out: the product is one thing with options. */
	const CHOICES_MAX = 100;

	private $context;

	public function __construct(Context $context)
	{
		$this->context = $context;
	}

	/** product_id => what options() gives. */
	private $known = [];
	/** product_id => the product it is a variant of, 0 = none. */
	private $masters = [];
	/** master_id => rows of the products that are its variants. */
	private $children = [];

	/** Reads what many products need at once: OpenCart has no index on these columns, so each query reads a whole table. */
	public function load(array $productIds)
	{
		$productIds = array_values(array_diff(array_map('intval', $productIds), array_keys($this->known)));

		if (!$productIds) {
			return;
		}
		$this->known += array_fill_keys($productIds, []);
		$this->children += array_fill_keys($productIds, []);
		$values = $this->valuesOf($productIds);
		foreach ($this->context->shop->rows(
			"SELECT po.product_id, po.product_option_id, od.name FROM {product_option} po JOIN {option} o ON o.option_id = po.option_id" .
			" JOIN {option_description} od ON od.option_id = po.option_id AND od.language_id = ?" .
			" WHERE po.product_id IN (?) AND po.required = 1 AND o.type IN ('select', 'radio') ORDER BY o.sort_order, po.product_option_id",
			[$this->context->languageId, $productIds]) as $row) {
			$id = (int)$row['product_option_id'];
			if (isset($values[$id])) {
				$this->known[(int)$row['product_id']][] = ['product_option_id' => $id, 'name' => Shop::text($row['name']), 'values' => $values[$id]];
			}
		}
		if ($this->context->shop->isVersion('4.0.0.0')) {
			foreach ($this->context->shop->rows("SELECT product_id, master_id FROM {product} WHERE product_id IN (?)", [$productIds]) as $row) {
				$this->masters[(int)$row['product_id']] = (int)$row['master_id'];
			}
			foreach ($this->context->shop->rows("SELECT product_id, master_id, variant FROM {product} WHERE master_id IN (?) ORDER BY product_id", [$productIds]) as $row) {
				$this->children[(int)$row['master_id']][] = $row;
			}
		}
	}

	/** product_option_id => its values, of all options of these products. */
	private function valuesOf(array $productIds): array
	{
		$values = [];

		foreach ($this->context->shop->rows(
			"SELECT pov.product_option_id, pov.product_option_value_id, pov.quantity, pov.subtract, pov.price, pov.price_prefix, ovd.name AS value" .
			" FROM {product_option_value} pov JOIN {option_value} ov ON ov.option_value_id = pov.option_value_id" .
			" JOIN {option_value_description} ovd ON ovd.option_value_id = pov.option_value_id AND ovd.language_id = ?" .
			" WHERE pov.product_id IN (?) ORDER BY ov.sort_order, pov.product_option_value_id",
			[$this->context->languageId, $productIds]) as $row) {
			$values[(int)$row['product_option_id']][] = [
				'id' => (int)$row['product_option_value_id'],
				'name' => Shop::text($row['value']),
				'quantity' => (int)$row['quantity'],
				'subtract' => (bool)$row['subtract'],
				'price' => $row['price_prefix'] === '-' ? -(float)$row['price'] : (float)$row['price'],
			];
		}

		return $values;
	}

	/** Options that make variants: [{product_option_id, name, values: [{id, name, quantity, subtract, price}]}]. */
	public function options(int $productId): array
	{
		$this->load([$productId]);
		$options = $this->known[$productId];

		return $this->count($options) > self::CHOICES_MAX ? [] : $options;
	}

	/** Rows of the products that are variants of this one. */
	public function children(int $productId): array
	{
		$this->load([$productId]);

		return $this->children[$productId];
	}

	private function count(array $options): int
	{
		$n = 1;
		foreach ($options as $option) {
			$n *= count($option['values']);
			if ($n > self::CHOICES_MAX) {
				return $n;
			}
		}

		return $n;
	}

	/** Every choice: lists of one value of each option, with the option's name. */
	public function choices(int $productId): array
	{
		$choices = [[]];
		$options = $this->options($productId);

		foreach ($options as $option) {
			$longer = [];
			foreach ($choices as $choice) {
				foreach ($option['values'] as $value) {
					$longer[] = array_merge($choice, [['option' => $option['name']] + $value]);
				}
			}
			$choices = $longer;
		}

		return $options ? $choices : [];
	}

	/** The id of a choice: the product's and those of the values, in the order of the options. */
	public static function id(int $productId, array $valueIds): string
	{
		return $productId . '-' . implode('.', $valueIds);
	}

	/**
	 * Which variant was bought or put into a cart: of these values, "" if none is meant. A product that is a variant of another
	 * one is that variant.
	 *
	 * @return array [product id, variant id]
	 */
	public function bought(int $productId, array $valueIds): array
	{
		$this->load([$productId]);
		$master = $this->masters[$productId] ?? 0;
		if ($master) {
			return [(string)$master, (string)$productId];
		}
		$chosen = [];
		foreach ($this->options($productId) as $option) {
			$of = array_values(array_intersect(array_column($option['values'], 'id'), $valueIds));
			if (!$of) {
				return [(string)$productId, ''];
			}
			$chosen[] = $of[0];
		}

		return [(string)$productId, $chosen ? self::id($productId, $chosen) : ''];
	}
}
