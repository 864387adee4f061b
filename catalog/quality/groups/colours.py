"""Colours that a title may name, in the languages of European shops and Chinese, each as its English name."""

COLOURS = {
    "black": "schwarz noir negro negra nero preto zwart czarny 黑色 黑 blk blck",
    "white": "weiss weiß blanc blanche blanco blanca bianco branco wit biały 白色 白 wht",
    "grey": "gray grau gris grigio cinza grijs graphite charcoal anthracite anthrazit graphit spacegrau spacegrey"
    " spacegray 灰色 灰 titanium titan gunmetal slate",
    "silver": "silber argent argente plata argento prata zilver 银色 银 slv",
    "gold": "golden oro dore gouden 金色 金",
    "red": "rot rouge rojo roja rosso vermelho rood czerwony 红色 红 crimson scarlet",
    "blue": "blau bleu azul blu blauw niebieski 蓝色 蓝 blu",
    "navy": "navyblue marine 藏青 藏青色",
    "green": "grün gruen grun vert verde groen zielony 绿色 绿",
    "yellow": "gelb jaune amarillo giallo amarelo geel żółty 黄色 黄",
    "orange": "arancione naranja laranja oranje 橙色 橙",
    "rose gold": "rosegold roségold",
    "pink": "rosa roze rose fuchsia magenta 粉色 粉红 粉",
    "purple": "lila violett violet morado viola roxo paars lavender mauve 紫色 紫",
    "brown": "braun brun marron marrone marrom bruin coffee chocolate 棕色 棕 褐色",
    "beige": "cream ivory offwhite khaki sand 米色 米白",
    "tan": "camel cognac",
    "turquoise": "türkis turkis teal aqua cyan",
    "maroon": "burgundy bordeaux wine",
    "olive": "",
    "copper": "bronze rust",
    "mustard": "",
    "peach": "coral salmon",
    "multi": "multicolor multicolour multicoloured multicolored assorted 多色",
    "transparent": "clear",
}
NAMES = {word: colour for colour, words in COLOURS.items() for word in (colour, *words.split())}
# Colours of two words, whose second one alone would be another.
PHRASES = {"navy blue": "navy", "off white": "offwhite", "off-white": "offwhite", "rose gold": "rosegold"}
