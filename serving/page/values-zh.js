export default {
  "value.Men": "男士", "value.Women": "女士", "value.Unisex": "男女通用", "value.Boys": "男童", "value.Girls": "女童",
  "value.male": "男", "value.female": "女", "value.unisex": "男女通用", "value.adult": "成人", "value.kids": "儿童",
  "value.new": "全新", "value.used": "二手", "value.refurbished": "翻新",
  "value.Spring": "春季", "value.Summer": "夏季", "value.Fall": "秋季", "value.Winter": "冬季",
  "value.Casual": "休闲", "value.Formal": "正式", "value.Smart Casual": "商务休闲", "value.Ethnic": "民族风",
  "value.Sports": "运动", "value.Travel": "旅行", "value.Party": "聚会", "value.Home": "居家",
  "value.Black": "黑色", "value.White": "白色", "value.Grey": "灰色", "value.Charcoal": "炭灰色", "value.Silver": "银色",
  "value.Steel": "钢色", "value.Metallic": "金属色", "value.Blue": "蓝色", "value.Navy Blue": "藏青色",
  "value.Turquoise Blue": "绿松石色", "value.Teal": "蓝绿色", "value.Green": "绿色", "value.Sea Green": "海绿色",
  "value.Lime Green": "青柠绿", "value.Fluorescent Green": "荧光绿", "value.Olive": "橄榄绿", "value.Khaki": "卡其色",
  "value.Yellow": "黄色", "value.Mustard": "芥末黄", "value.Gold": "金色", "value.Bronze": "古铜色", "value.Copper": "紫铜色",
  "value.Orange": "橙色", "value.Peach": "桃色", "value.Rust": "铁锈色", "value.Red": "红色", "value.Maroon": "栗红色",
  "value.Burgundy": "酒红色", "value.Pink": "粉色", "value.Rose": "玫瑰色", "value.Magenta": "洋红色", "value.Purple": "紫色",
  "value.Lavender": "薰衣草色", "value.Mauve": "淡紫色", "value.Brown": "棕色", "value.Coffee Brown": "咖啡色",
  "value.Mushroom Brown": "菇棕色", "value.Tan": "棕褐色", "value.Taupe": "灰褐色", "value.Beige": "米色", "value.Nude": "裸色",
  "value.Skin": "肤色", "value.Cream": "奶油色", "value.Off White": "米白色", "value.Grey Melange": "花灰色", "value.Multi": "多色"
};
