"""Numbers in words, and the words for pieces and packs, English and Chinese."""

NUMBER_WORDS = {
    **dict(
        zip(("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"), range(1, 11), strict=True)
    ),
    **{"twelve": 12, "single": 1, "twin": 2, "double": 2, "triple": 3, "dozen": 12, "pair": 2},
    **dict(zip("一二两三四五六七八九十双对", (1, 2, 2, 3, 4, 5, 6, 7, 8, 9, 10, 2, 2), strict=True)),
}
PACK = r"(?:packs?|pk|pkt|pkgs?)"
# In which several pieces are.
HOLDER = r"(?:pack|pk|pkg|package|box|bx|case|carton|ct|ctn|set|bag|roll|pad|jar|tub|dispenser|bundle|ream|kit)"
# Of any product, and with those of some: "10 tablets" are pieces in a pharmacy, not where computers are sold.
ANY_PIECES = r"(?:count|ct|pieces?|pcs?|pairs?|units?|bottles?|cans?)"
PIECES = (
    rf"(?:{ANY_PIECES}|cnt|sheets?|capsules?|caps|tablets?|softgels?|gummies|caplets|lozenges|servings?|loads?|"
    r"(?:tea\s?)?bags?|sachets?|k-?cups?|pods?|packets?|pouches|wipes|rolls?|cards?|envelopes|labels?|"
    r"cartridges?|masks|pacs|sticks?|stickers|forms|pages|flags|books?|pads?|covers|tags|pens|boxes|each|ea)"
)
CHINESE_PACK = "[包盒袋瓶罐箱套卷双对打桶支]"
CHINESE_PIECE = "[片个粒只件条枚张颗块根抽把]"
