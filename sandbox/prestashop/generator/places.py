"""Provinces as PrestaShop's localization packs name them: code and name, the codes being those used in addresses."""

ITALIAN_PROVINCES = """
AG Agrigento|AL Alessandria|AN Ancona|AO Aosta|AR Arezzo|AP Ascoli Piceno|AT Asti|AV Avellino|BA Bari
BT Barletta-Andria-Trani|BL Belluno|BN Benevento|BG Bergamo|BI Biella|BO Bologna|BZ Bolzano|BS Brescia|BR Brindisi
CA Cagliari|CL Caltanissetta|CB Campobasso|CE Caserta|CT Catania|CZ Catanzaro|CH Chieti|CO Como|CS Cosenza|CR Cremona
KR Crotone|CN Cuneo|EN Enna|FM Fermo|FE Ferrara|FI Firenze|FG Foggia|FC Forlì-Cesena|FR Frosinone|GE Genova|GO Gorizia
GR Grosseto|IM Imperia|IS Isernia|AQ L'Aquila|SP La Spezia|LT Latina|LE Lecce|LC Lecco|LI Livorno|LO Lodi|LU Lucca
MC Macerata|MN Mantova|MS Massa|MT Matera|ME Messina|MI Milano|MO Modena|MB Monza e della Brianza|NA Napoli|NO Novara
NU Nuoro|OR Oristano|PD Padova|PA Palermo|PR Parma|PV Pavia|PG Perugia|PU Pesaro-Urbino|PE Pescara|PC Piacenza|PI Pisa
PT Pistoia|PN Pordenone|PZ Potenza|PO Prato|RG Ragusa|RA Ravenna|RC Reggio Calabria|RE Reggio Emilia|RI Rieti|RN Rimini
RM Roma|RO Rovigo|SA Salerno|SS Sassari|SV Savona|SI Siena|SR Siracusa|SO Sondrio|SU Sud Sardegna|TA Taranto|TE Teramo
TR Terni|TO Torino|TP Trapani|TN Trento|TV Treviso|TS Trieste|UD Udine|VA Varese|VE Venezia|VB Verbano-Cusio-Ossola
VC Vercelli|VR Verona|VV Vibo Valentia|VI Vicenza|VT Viterbo
"""
SPANISH_PROVINCES = """
ES-C A Coruña|ES-VI Álava|ES-AB Albacete|ES-A Alicante|ES-AL Almería|ES-O Asturias|ES-AV Ávila|ES-BA Badajoz
ES-PM Baleares|ES-B Barcelona|ES-BU Burgos|ES-CC Cáceres|ES-CA Cádiz|ES-S Cantabria|ES-CS Castellón|ES-CR Ciudad Real
ES-CO Córdoba|ES-CU Cuenca|ES-GI Girona|ES-GR Granada|ES-GU Guadalajara|ES-SS Guipúzcoa|ES-H Huelva|ES-HU Huesca
ES-J Jaén|ES-LO La Rioja|ES-GC Las Palmas|ES-LE León|ES-L Lleida|ES-LU Lugo|ES-M Madrid|ES-MA Málaga|ES-MU Murcia
ES-NA Navarra|ES-OR Ourense|ES-P Palencia|ES-PO Pontevedra|ES-SA Salamanca|ES-TF Santa Cruz de Tenerife|ES-SG Segovia
ES-SE Sevilla|ES-SO Soria|ES-T Tarragona|ES-TE Teruel|ES-TO Toledo|ES-V Valencia|ES-VA Valladolid|ES-BI Vizcaya
ES-ZA Zamora|ES-Z Zaragoza|ES-CE Ceuta|ES-ML Melilla
"""
