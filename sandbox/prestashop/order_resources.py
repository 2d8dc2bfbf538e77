"""The resources of orders: the order and its satellites, cart rules, shipping prices.

Order and flags as in recordings 057–059, 066–068, 101, 102, 118, 120; the others as in fact sheet 2.8, 2.11 and 2.13.
"""

from __future__ import annotations

from sandbox.prestashop.fields import resource

ORDERS = resource(
    "orders",
    "order",
    "Order",
    "The Customers orders",
    """
    id_address_delivery int * @isUnsignedId ->addresses
    id_address_invoice int * @isUnsignedId ->addresses
    id_cart int * @isUnsignedId ->carts
    id_currency int * @isUnsignedId ->currencies
    id_lang int * @isUnsignedId ->languages
    id_customer int * @isUnsignedId ->customers
    id_carrier int * @isUnsignedId ->carriers
    current_state int @isUnsignedId ->order_states linked
    module str * @isModuleName -8
    module str * <255 @isModuleName 9+
    invoice_number int
    invoice_date date
    delivery_number int
    delivery_date date
    valid bool
    date_add date @isDate
    date_upd date @isDate
    shipping_number str get
    note str <4194303
    id_shop_group int @isUnsignedId =1
    id_shop int @isUnsignedId =1
    secure_key str @isMd5 -8
    secure_key str <32 @isMd5 9+
    payment str * @isGenericName -8
    payment str * <255 @isGenericName 9+
    recyclable bool @isBool
    gift bool @isBool
    gift_message str <4194303 @isCleanHtml
    mobile_theme bool @isBool
    total_discounts float @isPrice
    total_discounts_tax_incl float @isPrice
    total_discounts_tax_excl float @isPrice
    total_paid float * @isPrice
    total_paid_tax_incl float @isPrice
    total_paid_tax_excl float @isPrice
    total_paid_real float * @isPrice
    total_products float * @isPrice
    total_products_wt float * @isPrice
    total_shipping float @isPrice
    total_shipping_tax_incl float @isPrice
    total_shipping_tax_excl float @isPrice
    carrier_tax_rate float @isFloat =0.000
    total_wrapping float @isPrice
    total_wrapping_tax_incl float @isPrice
    total_wrapping_tax_excl float @isPrice
    round_mode int @isUnsignedId =2
    round_type int @isUnsignedId =2
    conversion_rate float * @isFloat =1.000000
    reference str -8
    reference str <255 9+
    """,
    "order_rows order_row - id product_id*->products product_attribute_id* product_quantity* product_name! "
    "product_reference! product_ean13! product_isbn! product_upc! product_price! id_customization->customizations "
    "unit_price_tax_incl! unit_price_tax_excl! virtual",
)

ORDER_DETAILS = resource(
    "order_details",
    "order_detail",
    "OrderDetail",
    "Details of an order",
    """
    id_order int * @isUnsignedId ->orders
    product_id int @isUnsignedId ->products
    product_attribute_id int @isUnsignedId ->combinations
    product_quantity_reinjected int @isUnsignedInt
    group_reduction float @isFloat =0.00
    discount_quantity_applied int @isInt
    download_hash str @isGenericName
    download_deadline date @isDateFormat
    id_order_invoice int @isUnsignedId
    id_warehouse int * @isUnsignedId
    id_shop int * @isUnsignedId =1
    id_customization int @isUnsignedId
    product_name str * @isGenericName
    product_quantity int * @isInt
    product_quantity_in_stock int @isInt
    product_quantity_return int @isUnsignedInt
    product_quantity_refunded int @isUnsignedInt
    product_price float * @isPrice
    reduction_percent float @isFloat =0.00
    reduction_amount float @isPrice
    reduction_amount_tax_incl float @isPrice
    reduction_amount_tax_excl float @isPrice
    product_quantity_discount float @isFloat
    product_ean13 str @isEan13
    product_isbn str @isIsbn
    product_upc str @isUpc
    product_mpn str @isMpn
    product_reference str @isReference
    product_supplier_reference str @isReference
    product_weight float @isFloat
    tax_computation_method int @isUnsignedId
    id_tax_rules_group int @isInt
    ecotax float @isFloat
    ecotax_tax_rate float @isFloat =0.000
    download_nb int @isInt
    unit_price_tax_incl float @isPrice
    unit_price_tax_excl float @isPrice
    total_price_tax_incl float @isPrice
    total_price_tax_excl float @isPrice
    total_shipping_price_tax_excl float @isPrice
    total_shipping_price_tax_incl float @isPrice
    purchase_supplier_price float @isPrice
    original_product_price float @isPrice
    original_wholesale_price float @isPrice
    total_refunded_tax_excl float @isPrice
    total_refunded_tax_incl float @isPrice
    """,
    "taxes tax taxes id",
)

ORDER_HISTORIES = resource(
    "order_histories",
    "order_history",
    "OrderHistory",
    "The Order histories",
    """
    id_employee int @isUnsignedId ->employees
    id_order_state int * @isUnsignedId ->order_states
    id_order int * @isUnsignedId ->orders
    date_add date @isDate
    """,
)

ORDER_CARRIERS = resource(
    "order_carriers",
    "order_carrier",
    "OrderCarrier",
    "The Order carriers",
    """
    id_order int * @isUnsignedId ->orders
    id_carrier int * @isUnsignedId ->carriers
    id_order_invoice int @isUnsignedId
    weight float @isFloat
    shipping_cost_tax_excl float @isFloat
    shipping_cost_tax_incl float @isFloat
    tracking_number str @isTrackingNumber -8
    tracking_number str <64 @isTrackingNumber 9+
    date_add date @isDate
    """,
)

ORDER_PAYMENTS = resource(
    "order_payments",
    "order_payment",
    "OrderPayment",
    "The Order payments",
    """
    order_reference str <9 @isAnything -8
    order_reference str <255 @isAnything 9+
    id_currency int * @isUnsignedId ->currencies
    amount float * @isNegativePrice
    payment_method str @isGenericName
    conversion_rate float @isFloat
    transaction_id str <254 @isAnything
    card_number str <254 @isAnything
    card_brand str <254 @isAnything
    card_expiration str <254 @isAnything
    card_holder str <254 @isAnything
    date_add date @isDate
    id_employee int @isNullOrUnsignedId =null 8+
    """,
)

ORDER_INVOICES = resource(
    "order_invoices",
    "order_invoice",
    "OrderInvoice",
    "The Order invoices",
    """
    id_order int * @isUnsignedId
    number int * @isUnsignedId
    delivery_number int @isUnsignedId
    delivery_date date @isDateFormat
    total_discount_tax_excl float
    total_discount_tax_incl float
    total_paid_tax_excl float
    total_paid_tax_incl float
    total_products float
    total_products_wt float
    total_shipping_tax_excl float
    total_shipping_tax_incl float
    shipping_tax_computation_method int
    total_wrapping_tax_excl float
    total_wrapping_tax_incl float
    shop_address str <1000 @isCleanHtml
    note str @isCleanHtml
    date_add date @isDate
    """,
)

ORDER_CART_RULES = resource(
    "order_cart_rules",
    "order_cart_rule",
    "OrderCartRule",
    "The Order cart rules",
    """
    id_order int * @isUnsignedId ->orders
    id_cart_rule int * @isUnsignedId ->cart_rules
    id_order_invoice int @isUnsignedId
    name str * @isCleanHtml
    value float * @isFloat
    value_tax_excl float * @isFloat
    free_shipping bool @isBool
    deleted bool @isBool
    """,
)

ORDER_SLIP = resource(
    "order_slip",
    "order_slip",
    "OrderSlip",
    "The Order slips",
    """
    id_customer int * @isUnsignedId ->customers
    id_order int * @isUnsignedId ->orders
    conversion_rate float * @isFloat
    total_products_tax_excl float * @isFloat
    total_products_tax_incl float * @isFloat
    total_shipping_tax_excl float * @isFloat
    total_shipping_tax_incl float * @isFloat
    amount float @isFloat
    shipping_cost bool
    shipping_cost_amount float @isFloat
    partial bool
    date_add date @isDate
    date_upd date @isDate
    order_slip_type int @isInt
    """,
    "order_slip_details order_slip_detail - id id_order_detail*->order_details product_quantity* amount_tax_excl* "
    "amount_tax_incl* virtual",
)

CART_RULES = resource(
    "cart_rules",
    "cart_rule",
    "CartRule",
    "Cart rules management",
    """
    id_customer int @isUnsignedId
    date_from date * @isDate
    date_to date * @isDate
    description str <65534 @isCleanHtml
    quantity int @isUnsignedInt =1
    quantity_per_user int @isUnsignedInt =1
    priority int @isUnsignedInt =1
    partial_use bool @isBool =1
    code str <254 @isCleanHtml
    minimum_amount float @isFloat
    minimum_amount_tax bool @isBool
    minimum_amount_currency int @isInt
    minimum_amount_shipping bool @isBool
    country_restriction bool @isBool
    carrier_restriction bool @isBool
    group_restriction bool @isBool
    cart_rule_restriction bool @isBool
    product_restriction bool @isBool
    shop_restriction bool @isBool
    free_shipping bool @isBool
    reduction_percent float @isPercentage =0.00
    reduction_amount float @isFloat
    reduction_tax bool @isBool
    reduction_currency int @isUnsignedId
    reduction_product int @isInt
    reduction_exclude_special bool @isBool
    gift_product int @isUnsignedId
    gift_product_attribute int @isUnsignedId
    highlight bool @isBool
    active bool @isBool =1
    date_add date @isDate
    date_upd date @isDate
    name text * <254 @isCleanHtml
    """,
)

DELIVERIES = resource(
    "deliveries",
    "delivery",
    "Delivery",
    "Product delivery",
    """
    id_carrier int * @isUnsignedId ->carriers
    id_range_price int * @isUnsignedId ->price_ranges
    id_range_weight int * @isUnsignedId ->weight_ranges
    id_zone int * @isUnsignedId ->zones
    id_shop int =null
    id_shop_group int =null
    price float * @isPrice
    """,
)

_RANGE = """
    id_carrier int * @isInt ->carriers
    delimiter1 float * @isUnsignedFloat
    delimiter2 float * @isUnsignedFloat
    """
PRICE_RANGES = resource("price_ranges", "price_range", "RangePrice", "Price ranges", _RANGE)
WEIGHT_RANGES = resource("weight_ranges", "weight_range", "RangeWeight", "Weight ranges", _RANGE)

ORDERING = (
    ORDERS,
    ORDER_DETAILS,
    ORDER_HISTORIES,
    ORDER_CARRIERS,
    ORDER_PAYMENTS,
    ORDER_INVOICES,
    ORDER_CART_RULES,
    ORDER_SLIP,
    CART_RULES,
    DELIVERIES,
    PRICE_RANGES,
    WEIGHT_RANGES,
)
