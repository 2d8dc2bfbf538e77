"""The resources of the catalogue: products and what hangs on them. Order and flags as in recordings 010–062."""

from __future__ import annotations

from sandbox.prestashop.fields import resource

PRODUCTS = resource(
    "products",
    "product",
    "Product",
    "The products",
    """
    id_manufacturer int @isUnsignedId ->manufacturers
    id_supplier int @isUnsignedId ->suppliers
    id_category_default int @isUnsignedId ->categories shop
    new str =null
    cache_default_attribute int shop
    id_default_image int get ->images
    id_default_combination int get int8 ->combinations
    id_tax_rules_group int @isUnsignedId ->tax_rule_groups shop
    position_in_category int get
    manufacturer_name str get ro
    quantity int get ro
    type str get
    id_shop_default int @isUnsignedId =1
    reference str <64 @isReference
    supplier_reference str <64 @isReference
    location str <255 @isString
    width float @isUnsignedFloat
    height float @isUnsignedFloat
    depth float @isUnsignedFloat
    weight float @isUnsignedFloat
    quantity_discount bool @isBool
    ean13 str <13 @isEan13 -8
    ean13 str <14 @isGtin 9+
    isbn str <32 @isIsbn
    upc str <12 @isUpc
    mpn str <40 @isMpn
    cache_is_pack bool @isBool
    cache_has_attachments bool @isBool
    is_virtual bool @isBool
    state int @isUnsignedId =1
    additional_delivery_times int @isUnsignedId =1
    delivery_in_stock text <255 @isGenericName
    delivery_out_stock text <255 @isGenericName
    product_type str @isGenericName =standard
    on_sale bool @isBool shop
    online_only bool @isBool shop
    ecotax float @isPrice shop
    minimal_quantity int @isPositiveInt =1 shop
    low_stock_threshold int @isInt shop
    low_stock_alert bool @isBool shop
    price float * @isPrice shop
    wholesale_price float @isPrice shop
    unity str @isString shop -8
    unity str <255 @isString shop 9+
    unit_price float @isPrice shop 8+
    unit_price_ratio float shop
    additional_shipping_cost float @isPrice shop
    customizable int @isUnsignedInt shop
    text_fields int @isUnsignedInt shop
    uploadable_files int @isUnsignedInt shop
    active bool @isBool =1 shop
    redirect_type str @isString =404 shop
    id_type_redirected int @isUnsignedId shop
    available_for_order bool @isBool =1 shop
    available_date str @isDateFormat =0000-00-00 shop
    show_condition bool @isBool shop
    condition str @isGenericName =new shop
    show_price bool @isBool =1 shop
    indexed bool @isBool =1 shop
    visibility str @isProductVisibility =both shop
    advanced_stock_management bool @isBool shop
    date_add date @isDate shop
    date_upd date @isDate shop
    pack_stock_type int @isUnsignedInt =3 shop
    meta_description text <512 @isGenericName
    meta_keywords text <255 @isGenericName -8
    meta_title text <255 @isGenericName
    link_rewrite text <128 @isLinkRewrite
    name text <128 @isCatalogName
    description text <4194303 @isCleanHtml
    description_short text <4194303 @isCleanHtml
    available_now text <255 @isGenericName
    available_later text <255 @IsGenericName
    """,
    """
    categories category categories id*
    images image images id
    combinations combination combinations id*
    product_option_values product_option_value product_option_values id*
    product_features product_feature product_features id* id_feature_value*->product_feature_values
    tags tag tags id*
    stock_availables stock_available stock_availables id* id_product_attribute*
    attachments attachment attachments id*
    accessories product products id*->products
    product_bundle product products id* id_product_attribute quantity
    """,
    scoped=True,
)

COMBINATIONS = resource(
    "combinations",
    "combination",
    "Combination",
    "The product combinations",
    """
    id_product int * @isUnsignedId ->products
    location str <255 @isString -7
    ean13 str <13 @isEan13
    isbn str <32 @isIsbn
    upc str <12 @isUpc
    mpn str <40 @isMpn
    quantity int @isInt -7
    reference str <64
    supplier_reference str <64
    wholesale_price float <27 @isNegativePrice shop
    price float <20 @isNegativePrice shop
    ecotax float <20 @isPrice shop
    weight float @isFloat shop
    unit_price_impact float <20 @isNegativePrice shop
    minimal_quantity int * @isPositiveInt =1 shop
    low_stock_threshold int @isInt shop
    low_stock_alert bool @isBool shop
    default_on bool @isBool =null shop
    available_date str @isDateFormat =0000-00-00 shop
    available_now text <255 @isGenericName 8+
    available_later text <255 @IsGenericName 8+
    """,
    """
    product_option_values product_option_value product_option_values id undeclared
    images image images/products id undeclared
    """,
    scoped=True,
)

STOCK_AVAILABLES = resource(
    "stock_availables",
    "stock_available",
    "StockAvailable",
    "Available quantities",
    """
    id_product int * @isUnsignedId ->products
    id_product_attribute int * @isUnsignedId ->combinations
    id_shop int @isUnsignedId ->shops =1
    id_shop_group int @isUnsignedId ->shop_groups
    quantity int * @isInt
    depends_on_stock bool * @isBool
    out_of_stock int * @isInt =2
    location str <255 @isString
    """,
    forbidden="POST DELETE",
)

SPECIFIC_PRICES = resource(
    "specific_prices",
    "specific_price",
    "SpecificPrice",
    "Specific price management",
    """
    id_shop_group int @isUnsignedId ->shop_groups
    id_shop int * @isUnsignedId ->shops
    id_cart int * @isUnsignedId ->carts
    id_product int * @isUnsignedId ->products
    id_product_attribute int @isUnsignedId ->combinations
    id_currency int * @isUnsignedId ->currencies
    id_country int * @isUnsignedId ->countries
    id_group int * @isUnsignedId ->groups
    id_customer int * @isUnsignedId ->customers
    id_specific_price_rule int @isUnsignedId ->specific_price_rules
    price float * @isNegativePrice =-1.000000
    from_quantity int * @isUnsignedInt =1
    reduction float * @isPrice
    reduction_tax bool * @isBool num =1
    reduction_type str * @isReductionType =amount
    from date * @isDateFormat
    to date * @isDateFormat
    """,
)

PRODUCT_OPTIONS = resource(
    "product_options",
    "product_option",
    "AttributeGroup",
    "The product options",
    """
    is_color_group bool @isBool
    group_type str * @isGenericName =select
    position int @isInt
    name text * <128 @isGenericName
    public_name text * <64 @isGenericName
    """,
    "product_option_values product_option_value product_option_values id",
    scoped=True,
)

PRODUCT_OPTION_VALUES = resource(
    "product_option_values",
    "product_option_value",
    "ProductAttribute",
    "The product options value",
    """
    id_attribute_group int * @isUnsignedId ->product_options
    color str @isColor
    position int @isInt
    name text * <128 @isGenericName
    """,
    scoped=True,
)

PRODUCT_FEATURES = resource(
    "product_features",
    "product_feature",
    "Feature",
    "The product features",
    """
    position int @isInt
    name text * <128 @isGenericName
    """,
    scoped=True,
)

PRODUCT_FEATURE_VALUES = resource(
    "product_feature_values",
    "product_feature_value",
    "FeatureValue",
    "The product feature values",
    """
    id_feature int * @isUnsignedId ->product_features
    custom bool @isBool
    position int @isInt 9+
    value text * <255 @isGenericName
    """,
)

CATEGORIES = resource(
    "categories",
    "category",
    "Category",
    "The product categories",
    """
    id_parent int @isUnsignedInt ->categories
    level_depth int @isUnsignedInt ro
    nb_products_recursive int get ro
    active bool * @isBool =1
    id_shop_default int @isUnsignedId =1
    is_root_category bool @isBool
    position int
    redirect_type str @isString =404 9+
    id_type_redirected int @isUnsignedId 9+
    date_add date @isDate
    date_upd date @isDate
    name text * <128 @isCatalogName
    link_rewrite text * <128 @isLinkRewrite
    description text @isCleanHtml
    additional_description text @isCleanHtml 8+
    meta_title text <255 @isGenericName
    meta_description text <512 @isGenericName
    meta_keywords text <255 @isGenericName -8
    """,
    """
    categories category categories id undeclared
    products product products id undeclared
    """,
    scoped=True,
)

MANUFACTURERS = resource(
    "manufacturers",
    "manufacturer",
    "Manufacturer",
    "The product manufacturers",
    """
    active bool =1
    link_rewrite str get ro
    name str * <64 @isCatalogName
    date_add date
    date_upd date
    description text @isCleanHtml
    short_description text @isCleanHtml
    meta_title text <255 @isGenericName
    meta_description text <512 @isGenericName
    meta_keywords text @isGenericName -8
    """,
    "addresses address addresses id",
    scoped=True,
)

SUPPLIERS = resource(
    "suppliers",
    "supplier",
    "Supplier",
    "The product suppliers",
    """
    link_rewrite str get ro
    name str * <64 @isCatalogName
    active bool =1
    date_add date @isDate
    date_upd date @isDate
    description text @isCleanHtml
    meta_title text <255 @isGenericName
    meta_description text <512 @isGenericName
    meta_keywords text <255 @isGenericName -8
    """,
    scoped=True,
)

PRODUCT_SUPPLIERS = resource(
    "product_suppliers",
    "product_supplier",
    "ProductSupplier",
    "Product Suppliers",
    """
    id_product int * @isUnsignedId ->products
    id_product_attribute int * @isUnsignedId ->combinations
    id_supplier int * @isUnsignedId ->suppliers
    id_currency int @isUnsignedId ->currencies =1
    product_supplier_reference str <64 @isReference
    product_supplier_price_te float @isPrice
    """,
)

TAGS = resource(
    "tags",
    "tag",
    "Tag",
    "The Products tags",
    """
    id_lang int * @isUnsignedId ->languages =1
    name str * <32 @isGenericName
    """,
)

CATALOGUE = (
    PRODUCTS,
    COMBINATIONS,
    STOCK_AVAILABLES,
    SPECIFIC_PRICES,
    PRODUCT_OPTIONS,
    PRODUCT_OPTION_VALUES,
    PRODUCT_FEATURES,
    PRODUCT_FEATURE_VALUES,
    CATEGORIES,
    MANUFACTURERS,
    SUPPLIERS,
    PRODUCT_SUPPLIERS,
    TAGS,
)
