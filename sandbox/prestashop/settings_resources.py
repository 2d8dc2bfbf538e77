"""The resources that describe the shop itself: money, taxes, places, languages, shops, carriers, states, settings."""

from __future__ import annotations

from sandbox.prestashop.fields import resource

SETTINGS = (
    resource(
        "taxes",
        "tax",
        "Tax",
        "The tax rate",
        """
        rate float * @isFloat =0.000
        active bool =1
        deleted bool
        name text * <32 @isGenericName
        """,
    ),
    resource(
        "tax_rules",
        "tax_rule",
        "TaxRule",
        "Tax rules entity",
        """
        id_tax_rules_group int * @isUnsignedId ->tax_rule_groups
        id_state int @isUnsignedId ->states
        id_country int * @isUnsignedId ->countries
        zipcode_from str @isPostCode =0
        zipcode_to str @isPostCode =0
        id_tax int * @isUnsignedId ->taxes
        behavior int @isUnsignedInt
        description str @isString
        """,
    ),
    resource(
        "tax_rule_groups",
        "tax_rule_group",
        "TaxRulesGroup",
        "Tax rule groups",
        """
        name str * <64 @isGenericName
        active bool @isBool =1
        deleted bool @isBool
        date_add date @isDate
        date_upd date @isDate
        """,
        scoped=True,
    ),
    resource(
        "currencies",
        "currency",
        "Currency",
        "The currencies",
        """
        names text get ro
        name text <255 @isGenericName
        symbol text <255
        iso_code str * <3 @isLanguageIsoCode
        numeric_iso_code str <3 @isNumericIsoCode
        precision int @isInt =2
        conversion_rate float * @isUnsignedFloat =1.000000
        deleted bool @isBool num
        active bool @isBool num =1
        unofficial bool @isBool num
        modified bool @isBool num
        pattern text <255
        """,
        scoped=True,
    ),
    resource(
        "languages",
        "language",
        "Language",
        "Shop languages",
        """
        name str * <32 @isGenericName
        iso_code str * <2 @isLanguageIsoCode
        locale str <5 @isLocale
        language_code str <5 @isLanguageCode
        active bool @isBool num =1
        is_rtl bool @isBool num
        date_format_lite str * <32 @isPhpDateFormat =Y-m-d
        date_format_full str * <32 @isPhpDateFormat =Y-m-d_H:i:s
        """,
        scoped=True,
    ),
    resource(
        "countries",
        "country",
        "Country",
        "The countries",
        """
        id_zone int * @isUnsignedId ->zones =1
        id_currency int @isUnsignedId ->currencies
        call_prefix int @isInt
        iso_code str * <3 @isLanguageIsoCode
        active bool @isBool
        contains_states bool * @isBool
        need_identification_number bool * @isBool
        need_zip_code bool @isBool =1
        zip_code_format str @isZipCodeFormat
        display_tax_label bool * @isBool =1
        name text * <64 @isGenericName
        """,
        scoped=True,
    ),
    resource(
        "states",
        "state",
        "State",
        "The available states of countries",
        """
        id_zone int * @isUnsignedId ->zones =2
        id_country int * @isUnsignedId ->countries
        iso_code str * <7 @isStateIsoCode
        name str * <80 @isGenericName
        active bool @isBool =1
        """,
    ),
    resource(
        "zones",
        "zone",
        "Zone",
        "The Countries zones",
        """
        name str * <64 @isGenericName
        active bool @isBool =1
        """,
        scoped=True,
    ),
    resource(
        "groups",
        "group",
        "Group",
        "The customer's groups",
        """
        reduction float @isFloat =0.00
        price_display_method int * @isPriceDisplayMethod
        show_prices bool @isBool =1
        date_add date @isDate
        date_upd date @isDate
        name text * <32 @isGenericName
        """,
        scoped=True,
    ),
    resource(
        "shops",
        "shop",
        "Shop",
        "Shops from multi-shop feature",
        """
        id_shop_group int * ->shop_groups =1
        id_category int * ->categories =2
        active bool @isBool num =1
        deleted bool @isBool num
        name str * <64 @isGenericName
        color str @isColor
        theme_name str <255 @isThemeName =classic
        """,
    ),
    resource(
        "shop_groups",
        "shop_group",
        "ShopGroup",
        "Shop groups from multi-shop feature",
        """
        name str * <64 @isGenericName
        color str @isColor
        share_customer bool @isBool num
        share_order bool @isBool num
        share_stock bool @isBool num
        active bool @isBool num =1
        deleted bool @isBool num
        """,
    ),
    resource(
        "shop_urls",
        "shop_url",
        "ShopUrl",
        "Shop URLs from multi-shop feature",
        """
        id_shop int * ->shops =1
        active bool @isBool num =1
        main bool @isBool num =1
        domain str * <255 @isCleanHtml
        domain_ssl str <255 @isCleanHtml
        physical_uri str <64 @isString =/
        virtual_uri str <64 @isString
        """,
    ),
    resource(
        "configurations",
        "configuration",
        "Configuration",
        "Shop configuration",
        """
        value str
        name str * <254 @isConfigName
        id_shop_group int @isUnsignedId =null
        id_shop int @isUnsignedId =null
        date_add date @isDate
        date_upd date @isDate
        """,
    ),
    resource(
        "image_types",
        "image_type",
        "ImageType",
        "The image types",
        """
        name str * <64 @isImageTypeName
        width int * @isImageSize
        height int * @isImageSize
        categories bool @isBool num
        products bool @isBool num
        manufacturers bool @isBool num
        suppliers bool @isBool num
        stores bool @isBool num
        """,
    ),
    resource(
        "carriers",
        "carrier",
        "Carrier",
        "The Carriers",
        """
        deleted bool
        is_module bool
        id_tax_rules_group int get int8 ->tax_rule_groups
        id_reference int
        name str * <64 @isCarrierName
        active bool * @isBool =1
        is_free bool @isBool
        url str @isAbsoluteUrl
        shipping_handling bool @isBool =1
        shipping_external bool @isBool
        range_behavior bool @isBool
        shipping_method int @isUnsignedInt
        max_width int @isUnsignedInt
        max_height int @isUnsignedInt
        max_depth int @isUnsignedInt
        max_weight float @isFloat
        grade int @isUnsignedInt <1
        external_module_name str <64
        need_range bool
        position int
        delay text * <512 @isGenericName
        """,
        scoped=True,
    ),
    resource(
        "order_states",
        "order_state",
        "OrderState",
        "The Order statuses",
        """
        unremovable bool @isBool =1
        delivery bool @isBool
        hidden bool @isBool
        send_email bool @isBool
        module_name str @isModuleName
        invoice bool @isBool
        color str @isColor
        logable bool @isBool
        shipped bool @isBool
        paid bool @isBool
        pdf_delivery bool @isBool
        pdf_invoice bool @isBool
        deleted bool @isBool
        name text * <64 @isGenericName
        template text <64 @isTplName
        """,
    ),
)
