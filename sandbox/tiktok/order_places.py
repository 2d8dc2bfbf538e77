"""Names and addresses of nobody, by market: plain ones first, then those that break importers (sheet 4.7).

People: first|last, with |first|last in the local script. Places: levels below the country|postal code|street
|second line|post town. Streets and names say themselves that they are examples.
"""

PEOPLE: dict[str, tuple[str, ...]] = {
    "US": ("Sally|Sample", "Tex Ample|Testerson", "Mary-Jo|O'Sample", "Bud|Placeholder Jr.", "Dee|McExample"),
    "GB": ("Prudence|Sample", "Nigel|Placeholder", "Siân|Ap-Example", "Ada|O'Sample", "Basil|Testington-Smythe"),
    "IE": ("Aoife|Ní Shampla", "Seán|O'Sample", "Niamh|Mac Shampla"),
    "FR": ("Jeanne|Exemple", "Noël|D'Échantillon", "Zoé|de La Fiction", "Gaëlle|Le Modèle", "Œdipe|Ça-Exemple"),
    "DE": ("Erika|Beispiel", "Jörg|Müster", "Käthe|von der Probe", "Groß|Straßenprobe", "Anne-Marie|Testfall"),
    "ES": ("Íñigo|Ejemplo Muestra", "María José|Ficticia de la Prueba", "Begoña|Peña-Ejemplo", "Àngels|Modèl"),
    "IT": ("Niccolò|Esempio", "Maria Sole|D'Esempio", "Felicità|Della Prova", "Esempio|Dell'Aquila-Finta"),
    "JP": ("花子|見本|ハナコ|ミホン", "太郎|試験|タロウ|シケン", "サンプル|例|サンプル|レイ"),
    "BR": ("João|Exemplo da Silva Fictícia", "Conceição|Amostra", "Antônio|D'Exemplo Júnior"),
    "MX": ("Xóchitl|Ejemplo Ficticio", "José Ángel|Muestra", "Ñusta|De la Prueba"),
    "ID": ("Contoh|", "Budi Contoh|", "Siti Percobaan Contoh|"),
    "MY": ("Jane Example|", "Contoh bin Ujian|", "Sample a/l Testing|"),
    "PL": ("Przykład|Próbny", "Żaneta|Źdźbło-Wzorzec"),
    "NL": ("Jan|van der Voorbeeld", "IJsbrand|'t Proefje"),
    "CZ": ("Šárka|Vzorová", "Jiří|Příklad"),
}
HARD_PEOPLE = (
    "Madonnaexample|",  # one word
    "R2D2|Example 3rd",  # digits
    "Sunny 🌻|Sample ✨",
    "小明|样本",
    "O'Neill-D'Example|Ó Sampla",
    "ALL CAPS|EXAMPLE",
    "x|y",
    "Sample/Partner|c/o Example & Sons",
    "Dr. med. dent. Maximiliana-Alexandra Theodora|von und zu Beispiel-Musterhausen auf der Probe",
    "Иван|Примеров",
    "مثال|تجريبي",
    " padded |  spaces ",
    "Example@Home|#1",
    "<b>Bold</b>|Example; DROP",
)
HARD_STREETS = (
    # More than 128 signs
    (
        "Flat 3/2, Example House #7 @ The Old Mill, c/o O'Sample & Sons, behind the second gate on the left hand side "
        "of the very long Imaginary Industrial Estate Road, Building C, Entrance 4b, 2nd floor, ring twice"
    ),
    "12 / 3 Rue de l'Exemple",
    "#45-67 Example Towers",
    "Lot 8; Block <C> {Fiction} = 9",
    "PO Box 1234 (Example)",
    "1\nTwo-Line Street",
    "Straße des 17. Beispiels 1ª “Ecke”",
    "🏠 Emoji Lane 5",
    "12",
    "例の通り １－２－３",
)
PLACES: dict[str, tuple[str, ...]] = {
    "US": (
        "Texas/Travis County/Austin|78701|100 Example Street",
        "New York/New York County/New York|10001-0001|350 Fictional Ave|Apt 4B",
        "California/Los Angeles County/Los Angeles|90001|1 Nowhere Blvd|Ste #200",
        "District of Columbia/District of Columbia/Washington|20001|1 Sample Sq NW",
        "Puerto Rico/San Juan Municipio/San Juan|00901|1 Calle del Ejemplo|Urb. Ficticia",
        "Guam/Guam/Hagåtña|96910|1 Example Dr",
        "Armed Forces Europe/APO/APO|09001|PSC 1234 BOX 5678|Unit 0000",
        "AP/FPO/FPO|96601|Unit 100100 Box 4120",
        "Hawaii/Honolulu County/Honolulu|96801|5 Kāla'ekāla Example Pl",
    ),
    "GB": (
        "England/Leeds|LS1 1AA|1 Example Road||LEEDS",
        "England/London|EC1A 1BB|Flat 2, 3 Fiction Mews|Little Sampling|LONDON",
        "Scotland/Edinburgh|EH1 1AA|4/5 Nowhere Close||EDINBURGH",
        "Wales/Gwynedd|LL57 1AA|Tŷ Enghraifft|Llanfair-yr-Enghraifft|BANGOR",
        "Northern Ireland/Belfast|BT1 1AA|6 Sample's Row||BELFAST",
        "England/Isles of Scilly|TR21 0AA|The Example, St Mary's||ISLES OF SCILLY",
        "Jersey/St Helier|JE2 3AB|7 Rue du Exemple||JERSEY",
    ),
    "IE": (
        "Dublin/Dublin City|D01 A1A1|1 Example Quay",
        "Galway/Athenry-Oranmore||The Example, Nowhere",
        "Cork/Cobh|T12 X0X0|Teach na Samplaí, 2 Bóthar|Baile Eile",
    ),
    "FR": (
        "Auvergne-Rhône-Alpes/Rhône/Lyon/Lyon 3e|69003|7 avenue Fictive|Bât. B",
        "Île-de-France/Paris/Paris/Paris 11e|75011|12 bis, rue de l'Exemple|Esc. A, 3e étage, dg. n°4567",
        "Corse/Haute-Corse/Corte/Corte|20250|Lieu-dit Exemple",
        "La Réunion/La Réunion/Saint-Denis/Saint-Denis|97400|3 chemin Exemple",
        "Bretagne/Côtes-d'Armor/Saint-Brieuc/L'Île-d'Exemple|22000|1 l'Exemple",
    ),
    "DE": (
        "Bremen/Bremen/Mitte|28195|Beispielweg 3",
        "Bayern/München/Altstadt-Lehel|80331|Musterstraße 12a|Hinterhaus, 3. OG",
        "Baden-Württemberg/Villingen-Schwenningen/|78050|Prüfgäßle 1",
        "Nordrhein-Westfalen/Köln/Ehrenfeld|50823|Packstation 145|Postnr. 12345678",
    ),
    "ES": (
        "Comunitat Valenciana/Valencia/València|46001|Calle del Ejemplo 5",
        "Comunidad de Madrid/Madrid/Madrid|28001|C/ Ficticia, 12, 3º izq.|Portal 2",
        "Canarias/Las Palmas/Las Palmas de Gran Canaria|35001|Avda. de la Muestra s/n",
        "Cataluña/Barcelona/L'Hospitalet de Llobregat|08901|Carrer d'Exemple 1",
        "País Vasco/Álava/Vitoria-Gasteiz|01001|Ejemplo Kalea 9",
        "Ceuta/Ceuta/Ceuta|51001|Paseo del Ejemplo 1",
    ),
    "IT": (
        "Piemonte/Torino/Torino|10121|Via Esempio 7",
        "Lazio/Roma/Roma|00100|Piazza dell'Esempio 1|Scala B, int. 4",
        "Valle d'Aosta/Aosta/Aosta|11100|Fraz. Esempio 3",
        "Trentino-Alto Adige/Bolzano/Bolzano|39100|Beispielgasse/Via Esempio 5",
        "Emilia-Romagna/Forlì-Cesena/Forlì|47121|Via della Prova 12/bis",
    ),
    "NL": ("Noord-Holland/Amsterdam|1011 AB|Voorbeeldstraat 1-3hs", "Zuid-Holland/'s-Gravenhage|2511 AA|Proefweg 2"),
    "PL": ("Mazowieckie/Warszawa|00-001|ul. Przykładowa 1/2",),
    "CZ": ("Praha/Praha 1|110 00|Příkladná 12/3",),
    "JP": ("東京都/千代田区|100-0001|見本町１－２－３|サンプルビル ４０５号室", "大阪府/大阪市北区|530-0001|試験町9-8"),
    "BR": (
        "São Paulo/São Paulo|01000-000|Rua do Exemplo, 123|Apto 45 - Bairro Fictício",
        "Bahia/Salvador|40000-000|Travessa Amostra, s/n",
    ),
    "MX": ("Ciudad de México/Cuauhtémoc|06000|Calle Ejemplo 12 Int. 3|Col. Ficticia",),
    "ID": (
        "DKI Jakarta/Jakarta Pusat/Menteng/Contohan|10310|Jl. Contoh No. 1 RT.001/RW.002",
        "Jawa Barat/Bandung/Coblong/Percobaan|40132|Gg. Contoh II/3",
    ),
    "MY": (
        "Selangor/Shah Alam/Seksyen 7|50000|Jalan Contoh 7/8",
        "Kuala Lumpur/Kuala Lumpur/Segambut|50480|No. 1-2-3, Residensi Contoh",
    ),
    "SG": ("Singapore/Singapore|018956|#12-34 Example Tower, 1 Sample Way",),
    "PH": ("Metro Manila/Makati City|1200|Unit 1 Example Bldg, Sample St., Brgy. Example",),
    "TH": ("กรุงเทพมหานคร/เขตตัวอย่าง|10100|99/1 ถนนตัวอย่าง",),
    "VN": ("Thành phố Hồ Chí Minh/Quận 1||1 Đường Ví Dụ",),
}
