"""Names of states and provinces by country: of each the code PrestaShop or ISO uses, then what else it is called.

States stand between semicolons; case, accents and punctuation do not matter. Sources: ISO
3166-2, the states a fresh PrestaShop has, USPS Publication 28.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_US = """
AL|Alabama; AK|Alaska; AZ|Arizona; AR|Arkansas; CA|California; CO|Colorado; CT|Connecticut; DE|Delaware; FL|Florida;
GA|Georgia; HI|Hawaii|Hawaiʻi; ID|Idaho; IL|Illinois; IN|Indiana; IA|Iowa; KS|Kansas; KY|Kentucky; LA|Louisiana;
ME|Maine; MD|Maryland; MA|Massachusetts; MI|Michigan; MN|Minnesota; MS|Mississippi; MO|Missouri; MT|Montana;
NE|Nebraska; NV|Nevada; NH|New Hampshire; NJ|New Jersey; NM|New Mexico; NY|New York|New York State; NC|North Carolina;
ND|North Dakota; OH|Ohio; OK|Oklahoma; OR|Oregon; PA|Pennsylvania; RI|Rhode Island; SC|South Carolina;
SD|South Dakota; TN|Tennessee; TX|Texas; UT|Utah; VT|Vermont; VA|Virginia; WA|Washington|Washington State;
WV|West Virginia; WI|Wisconsin; WY|Wyoming; DC|District of Columbia|Washington DC|Washington D.C.|D.C.;
PR|Puerto Rico;
VI|US Virgin Islands|U.S. Virgin Islands|Virgin Islands|United States Virgin Islands;
GU|Guam; AS|American Samoa; MP|Northern Mariana Islands|Commonwealth of the Northern Mariana Islands;
UM|United States Minor Outlying Islands|US Minor Outlying Islands; MH|Marshall Islands;
FM|Federated States of Micronesia|Micronesia; PW|Palau;
AA|Armed Forces Americas|Armed Forces (the) Americas|Armed Forces America|U.S. Armed Forces Americas;
AE|Armed Forces Europe|Armed Forces Europe, the Middle East, and Canada|Armed Forces Africa|
Armed Forces Canada|Armed Forces Middle East|Armed Forces|U.S. Armed Forces Europe;
AP|Armed Forces Pacific|U.S. Armed Forces Pacific
"""

_ES = """
C|A Coruña|La Coruña|Coruña|A Corunha; VI|Álava|Araba|Araba/Álava|Álava-Araba; AB|Albacete;
A|Alicante|Alacant|Alicante/Alacant; AL|Almería; O|Asturias|Principado de Asturias|Asturies|Oviedo; AV|Ávila;
BA|Badajoz; PM|Baleares|Islas Baleares|Illes Balears|Balears|IB|Balearic Islands|Mallorca; B|Barcelona;
BI|Vizcaya|Bizkaia|Biscay; BU|Burgos; CC|Cáceres; CA|Cádiz; S|Cantabria|Santander;
CS|Castellón|Castelló|Castellón de la Plana|Castellón/Castelló|Castelló de la Plana; CR|Ciudad Real; CO|Córdoba;
CU|Cuenca; SS|Guipúzcoa|Gipuzkoa|Guipuzcoa; GI|Girona|Gerona; GR|Granada; GU|Guadalajara; H|Huelva; HU|Huesca|Uesca;
J|Jaén; LE|León; L|Lleida|Lérida; LO|La Rioja|Rioja|Logroño; LU|Lugo; M|Madrid|Comunidad de Madrid; MA|Málaga;
MU|Murcia|Región de Murcia; NA|Navarra|Nafarroa|Navarre|Comunidad Foral de Navarra; OR|Ourense|Orense; P|Palencia;
GC|Las Palmas|Palmas, Las|Gran Canaria; PO|Pontevedra; SA|Salamanca; TF|Santa Cruz de Tenerife|Tenerife; SG|Segovia;
SE|Sevilla|Seville; SO|Soria; T|Tarragona; TE|Teruel; TO|Toledo; V|Valencia|València|Valencia/València; VA|Valladolid;
ZA|Zamora; Z|Zaragoza|Saragossa; CE|Ceuta; ML|Melilla
"""

_IT = """
AG|Agrigento; AL|Alessandria; AN|Ancona; AO|Aosta|Valle d'Aosta|Valle d'Aosta/Vallée d'Aoste|Aosta Valley|Aoste;
AR|Arezzo; AP|Ascoli Piceno; AT|Asti; AV|Avellino; BA|Bari; BT|Barletta-Andria-Trani; BL|Belluno; BN|Benevento;
BG|Bergamo; BI|Biella; BO|Bologna; BZ|Bolzano|Bozen|Bolzano/Bozen|South Tyrol|Alto Adige|Südtirol; BS|Brescia;
BR|Brindisi; CA|Cagliari; CL|Caltanissetta; CB|Campobasso; CI|Carbonia-Iglesias; CE|Caserta; CT|Catania; CZ|Catanzaro;
CH|Chieti; CO|Como; CS|Cosenza; CR|Cremona; KR|Crotone; CN|Cuneo; EN|Enna; FM|Fermo; FE|Ferrara; FI|Firenze|Florence;
FG|Foggia; FC|Forlì-Cesena|FO|Forlì; FR|Frosinone; GE|Genova|Genoa; GO|Gorizia; GR|Grosseto; IM|Imperia; IS|Isernia;
AQ|L'Aquila|Aquila; SP|La Spezia; LT|Latina; LE|Lecce; LC|Lecco; LI|Livorno|Leghorn; LO|Lodi; LU|Lucca; MC|Macerata;
MN|Mantova|Mantua; MS|Massa-Carrara|Massa e Carrara|Massa Carrara|Massa; MT|Matera; VS|Medio Campidano; ME|Messina;
MI|Milano|Milan; MO|Modena; MB|Monza e della Brianza|Monza e Brianza|Monza-Brianza|Monza and Brianza|Monza;
NA|Napoli|Naples; NO|Novara; NU|Nuoro; OG|Ogliastra; OT|Olbia-Tempio; OR|Oristano; PD|Padova|Padua; PA|Palermo;
PR|Parma; PV|Pavia; PG|Perugia; PU|Pesaro e Urbino|Pesaro-Urbino|PS|Pesaro; PE|Pescara; PC|Piacenza; PI|Pisa;
PT|Pistoia; PN|Pordenone; PZ|Potenza; PO|Prato; RG|Ragusa; RA|Ravenna; RC|Reggio Calabria|Reggio di Calabria;
RE|Reggio Emilia|Reggio nell'Emilia; RI|Rieti; RN|Rimini; RM|Roma|Rome; RO|Rovigo; SA|Salerno; SS|Sassari; SV|Savona;
SI|Siena; SR|Siracusa|Syracuse; SO|Sondrio; SU|Sud Sardegna|South Sardinia; TA|Taranto; TE|Teramo; TR|Terni;
TO|Torino|Turin; TP|Trapani; TN|Trento|Trentino; TV|Treviso; TS|Trieste; UD|Udine; VA|Varese; VE|Venezia|Venice;
VB|Verbano-Cusio-Ossola|Verbania; VC|Vercelli; VR|Verona; VV|Vibo Valentia; VI|Vicenza; VT|Viterbo
"""

_DE = """
BW|Baden-Württemberg; BY|Bayern|Bavaria; BE|Berlin; BB|Brandenburg; HB|Bremen|Freie Hansestadt Bremen;
HH|Hamburg|Freie und Hansestadt Hamburg; HE|Hessen|Hesse; MV|Mecklenburg-Vorpommern|Mecklenburg-Western Pomerania;
NI|Niedersachsen|Lower Saxony; NW|Nordrhein-Westfalen|North Rhine-Westphalia; RP|Rheinland-Pfalz|Rhineland-Palatinate;
SL|Saarland; SN|Sachsen|Saxony; ST|Sachsen-Anhalt|Saxony-Anhalt; SH|Schleswig-Holstein; TH|Thüringen|Thuringia
"""

_JP = ";".join(
    f"{position:02d}|JP-{position:02d}|{latin}|{latin}-{ending}|{kanji}{suffix}|{kanji}"
    for position, (latin, kanji, suffix, ending) in enumerate(
        (
            (*row.split(), *(("県", "ken") if len(row.split()) == 2 else ()))
            for row in (
                "Hokkaido 北海 道 do",
                *[
                    "Aomori 青森",
                    "Iwate 岩手",
                    "Miyagi 宮城",
                    "Akita 秋田",
                    "Yamagata 山形",
                    "Fukushima 福島",
                    "Ibaraki 茨城",
                ],
                *["Tochigi 栃木", "Gunma 群馬", "Saitama 埼玉", "Chiba 千葉", "Tokyo 東京 都 to", "Kanagawa 神奈川"],
                *[
                    "Niigata 新潟",
                    "Toyama 富山",
                    "Ishikawa 石川",
                    "Fukui 福井",
                    "Yamanashi 山梨",
                    "Nagano 長野",
                    "Gifu 岐阜",
                ],
                *["Shizuoka 静岡", "Aichi 愛知", "Mie 三重", "Shiga 滋賀", "Kyoto 京都 府 fu", "Osaka 大阪 府 fu"],
                *[
                    "Hyogo 兵庫",
                    "Nara 奈良",
                    "Wakayama 和歌山",
                    "Tottori 鳥取",
                    "Shimane 島根",
                    "Okayama 岡山",
                    "Hiroshima 広島",
                ],
                *[
                    "Yamaguchi 山口",
                    "Tokushima 徳島",
                    "Kagawa 香川",
                    "Ehime 愛媛",
                    "Kochi 高知",
                    "Fukuoka 福岡",
                    "Saga 佐賀",
                ],
                *["Nagasaki 長崎", "Kumamoto 熊本", "Oita 大分", "Miyazaki 宮崎", "Kagoshima 鹿児島", "Okinawa 沖縄"],
            )
        ),
        1,
    )
)

_MX = """
AGS|AGU|Aguascalientes; BCN|Baja California|Baja California Norte; BCS|Baja California Sur; CAM|Campeche; CHP|Chiapas;
CHH|Chihuahua; COA|Coahuila|Coahuila de Zaragoza; COL|Colima;
DIF|CMX|CDMX|Ciudad de México|Distrito Federal|Mexico City; DUR|Durango; GUA|Guanajuato; GRO|Guerrero; HID|Hidalgo;
JAL|Jalisco; MEX|Estado de México|México|State of Mexico; MIC|Michoacán|Michoacán de Ocampo; MOR|Morelos; NAY|Nayarit;
NLE|Nuevo León; OAX|Oaxaca; PUE|Puebla; QUE|Querétaro|Querétaro de Arteaga; ROO|Quintana Roo; SLP|San Luis Potosí;
SIN|Sinaloa; SON|Sonora; TAB|Tabasco; TAM|Tamaulipas; TLA|Tlaxcala; VER|Veracruz|Veracruz de Ignacio de la Llave;
YUC|Yucatán; ZAC|Zacatecas
"""

_BR = """
AC|Acre; AL|Alagoas; AP|Amapá; AM|Amazonas; BA|Bahia; CE|Ceará; DF|Distrito Federal; ES|Espírito Santo; GO|Goiás;
MA|Maranhão; MT|Mato Grosso; MS|Mato Grosso do Sul; MG|Minas Gerais; PA|Pará; PB|Paraíba; PR|Paraná; PE|Pernambuco;
PI|Piauí; RJ|Rio de Janeiro; RN|Rio Grande do Norte; RS|Rio Grande do Sul; RO|Rondônia; RR|Roraima; SC|Santa Catarina;
SP|São Paulo; SE|Sergipe; TO|Tocantins
"""

_ID = """
JK|DKI Jakarta|Jakarta|Daerah Khusus Ibukota Jakarta|Daerah Khusus Jakarta;
YO|DI Yogyakarta|Yogyakarta|Daerah Istimewa Yogyakarta; BB|Bangka Belitung|Kepulauan Bangka Belitung|Bangka-Belitung;
AC|Aceh|Nanggroe Aceh Darussalam; JB|Jawa Barat|West Java; JT|Jawa Tengah|Central Java; JI|Jawa Timur|East Java;
SU|Sumatera Utara|North Sumatra; SB|Sumatera Barat|West Sumatra; SS|Sumatera Selatan|South Sumatra;
KB|Kalimantan Barat|West Kalimantan; KT|Kalimantan Tengah|Central Kalimantan; KS|Kalimantan Selatan|South Kalimantan;
KI|Kalimantan Timur|East Kalimantan; KU|Kalimantan Utara|North Kalimantan; KR|Kepulauan Riau|Riau Islands;
NB|Nusa Tenggara Barat|West Nusa Tenggara; NT|Nusa Tenggara Timur|East Nusa Tenggara;
SN|Sulawesi Selatan|South Sulawesi; SA|Sulawesi Utara|North Sulawesi; ST|Sulawesi Tengah|Central Sulawesi;
SG|Sulawesi Tenggara|Southeast Sulawesi; SR|Sulawesi Barat|West Sulawesi; PA|Papua; PB|Papua Barat|West Papua;
MU|Maluku Utara|North Maluku
"""

REGION_NAMES: Final[Mapping[str, str]] = {
    "US": _US,
    "ES": _ES,
    "IT": _IT,
    "DE": _DE,
    "JP": _JP,
    "MX": _MX,
    "BR": _BR,
    "ID": _ID,
}
