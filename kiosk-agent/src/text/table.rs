//! One row a text: whether it is recorded (`spoken`, or `named`: the name of what the keyboard can reach, and what changes
//! there), and what it says in Japanese, English, Chinese and Korean.

use issuance_api::problem::Language;

texts! {
    /// One text of the kiosk's screens, many of which the app's have too. `{…}` are placeholders for [`fill`](super::fill).
    pub enum Text;

    // What stands on every screen
    shown Title "接種証明書の交付" "Vaccination certificates" "接种证明发放" "접종증명서 발급";
    shown Step "手順" "Step" "步骤" "단계";
    shown StepStart "はじめに" "Start" "开始" "시작";
    shown StepCard "カード" "Card" "放卡" "카드";
    shown StepKind "種類" "Kind" "种类" "종류";
    shown StepPin "暗証番号" "PIN" "密码" "비밀번호";
    shown StepMunicipality "市区町村" "Municipality" "市区町村" "시구정촌";
    shown StepPreview "確認" "Check" "确认" "확인";
    shown StepPrint "印刷" "Print" "打印" "인쇄";
    shown StepDone "完了" "Done" "完成" "완료";
    named Back "もどる" "Back" "返回" "뒤로";
    named Stop "中止する" "Cancel" "取消" "취소";
    named Help "ヘルプ" "Help" "帮助" "도움말";
    named Close "閉じる" "Close" "关闭" "닫기";
    named Language "言語" "Language" "语言" "언어";
    named ListenAgain "もう一度聞く" "Listen again" "再听一遍" "다시 듣기";
    named Silence "音声を止める" "Stop voice" "停止语音" "음성 정지";
    named Quieter "音を小さく" "Quieter" "调低音量" "소리 작게";
    named Louder "音を大きく" "Louder" "调高音量" "소리 크게";
    named Voice "音声" "Voice" "语音" "음성";
    named Volume "音量 {level}" "Volume {level}" "音量 {level}" "음량 {level}";
    shown TimeLeft "残り{seconds}秒" "{seconds} seconds left" "剩余{seconds}秒" "{seconds}초 남음";
    spoken TimeWarning "まもなく時間切れになります。続ける場合は「時間を延ばす」を押してください。" "Time is nearly over. To go on, press Extend time." "时间即将结束。如需继续，请按“延长时间”。" "곧 시간이 종료됩니다. 계속하시려면 ‘시간 연장’을 눌러 주십시오.";
    named MoreTime "時間を延ばす" "Extend time" "延长时间" "시간 연장";
    named StopTitle "手続きを中止しますか" "Cancel this application?" "要取消本次申请吗？" "신청을 취소하시겠습니까?";
    named StopText "入力した内容はすべて消去されます。カードを置いている場合は、お取りください。" "Everything entered will be erased. If your card is on the reader, take it back." "已输入的内容将全部删除。如果卡还在读卡器上，请取走。" "입력한 내용은 모두 삭제됩니다. 카드가 놓여 있다면 가져가 주십시오.";
    named StopNo "続ける" "Go on" "继续" "계속하기";
    spoken HelpStaff "お困りのときは、係員にお声がけください。" "If you need help, please ask the staff." "如有疑问，请询问工作人员。" "어려움이 있으시면 직원에게 문의해 주십시오.";
    shown Starting "準備しています" "Getting ready" "正在准备" "준비하고 있습니다";
    named Next "次へ" "Next" "下一步" "다음";

    // By ear alone
    spoken ByKeyboard "キーボードでは、タブキーで次の項目へ進み、エンターキーで選びます。進むたびに、項目の名前を読み上げます。" "By keyboard, go on with Tab and choose with Enter. Each name is spoken as you reach it." "使用键盘时，请按制表键移到下一项，按回车键选择。每移到一项，都会读出它的名称。" "키보드에서는 탭 키로 다음 항목으로 이동하고 엔터 키로 선택합니다. 이동할 때마다 항목의 이름을 읽어 드립니다.";
    spoken PinByKeyboard "数字キーで4桁を入力し、エンターキーを押してください。数字は読み上げません。1桁ごとに音が鳴ります。" "Type the 4 digits, then press Enter. No digit is spoken: there is a tone for each." "请用数字键输入4位数字，然后按回车键。数字不会读出，每输入一位会有提示音。" "숫자 키로 4자리를 입력하고 엔터 키를 눌러 주십시오. 숫자는 읽지 않으며, 한 자리마다 소리가 납니다.";
    spoken PreviewByEar "氏名や接種記録は、周りに聞こえないように、読み上げません。画面を見られない方は、係員に確認をお申し付けください。" "Your name and your vaccinations are not read aloud, for others might hear. If you cannot see the screen, the staff can check it for you." "为避免他人听到，姓名和接种记录不会读出。如果您看不到屏幕，请让工作人员为您确认。" "주변에 들리지 않도록 성명과 접종 기록은 읽지 않습니다. 화면을 볼 수 없는 분은 직원에게 확인을 부탁해 주십시오.";
    named LanguageName "日本語" "English" "中文" "한국어";
    named Covid19 "新型コロナウイルス感染症 予防接種証明書" "COVID-19 vaccination certificate" "新冠病毒疫苗接种证明" "코로나19 예방접종증명서";
    named PandemicInfluenza "新型インフルエンザ 予防接種証明書" "Pandemic influenza vaccination certificate" "新型流感疫苗接种证明" "신종 인플루엔자 예방접종증명서";
    named DigitKey "数字のキー" "A digit" "数字键" "숫자 키";
    named OnScreenOnly "画面だけに表示される項目" "Something shown on the screen only" "仅在屏幕上显示的项目" "화면에만 표시되는 항목";
    named Digit "{digit}" "{digit}" "{digit}" "{digit}";
    named YenUnit "円" "yen" "日元" "엔";

    // Before an application
    spoken Welcome "接種証明書を交付します。画面に触れて、言語を選んでください。" "This kiosk issues vaccination certificates. Touch a language to begin." "本机发放疫苗接种证明。请触摸选择语言。" "접종증명서를 발급합니다. 언어를 선택해 주십시오.";
    shown WelcomeTitle "ご利用の言語をお選びください" "Choose your language" "请选择语言" "언어를 선택해 주십시오";
    shown WelcomeNeeds "ご用意いただくもの" "What you need" "需要准备" "준비하실 것";
    shown WelcomeCard "マイナンバーカード" "Your My Number Card" "个人编号卡" "마이넘버 카드";
    shown WelcomePin "4桁の暗証番号(券面事項入力補助用)" "Its 4-digit PIN (for card-surface input support)" "4位数字密码（券面事项输入辅助用）" "4자리 비밀번호(권면사항입력보조용)";
    shown Hours "利用時間 {open}〜{close}" "Open {open} to {close}" "服务时间 {open}～{close}" "이용 시간 {open}~{close}";
    shown Notices "お知らせ" "Notices" "通知" "공지";
    spoken Service "証明書の種類を選んでください。" "Choose a certificate." "请选择证明种类。" "증명서를 선택해 주십시오.";
    shown ServiceTitle "行政サービス:接種証明書" "Public services: vaccination certificate" "行政服务：接种证明" "행정 서비스: 접종증명서";
    spoken Terms "ご利用にあたっての説明です。お読みになり、よろしければ「同意する」を押してください。" "Please read how this works. If you agree, press I agree." "请阅读使用说明。同意请按“同意”。" "이용 안내를 읽으시고 동의하시면 ‘동의합니다’를 눌러 주십시오.";
    shown TermsTitle "ご利用にあたって" "Before you begin" "使用须知" "이용 안내";
    spoken TermsReads "マイナンバーカードから、個人番号、氏名、住所、生年月日、性別を読み取ります。" "Your individual number, name, address, date of birth and sex are read from your My Number Card." "将从个人编号卡读取个人编号、姓名、住址、出生日期和性别。" "마이넘버 카드에서 개인번호, 성명, 주소, 생년월일, 성별을 읽습니다.";
    spoken TermsAsks "読み取った内容は暗号化して送信し、お選びになった市区町村の接種記録の照会だけに使います。" "They are sent encrypted, and used only to look up your vaccination records in the municipality you choose." "读取的内容加密发送，仅用于查询您所选市区町村的接种记录。" "읽은 내용은 암호화하여 전송하며, 선택하신 시구정촌의 접종 기록 조회에만 사용합니다.";
    spoken TermsForgets "この端末にもセンターにも、申請の内容と証明書は残りません。" "Neither this kiosk nor the center keeps your application or your certificate." "本终端和中心均不保留申请内容和证明。" "이 단말기와 센터에는 신청 내용과 증명서가 남지 않습니다.";
    spoken TermsPaper "証明書はA4の紙に印刷されます。二次元コードで、本物であることを誰でも確かめることができます。" "The certificate is printed on A4 paper. Anybody can verify its QR code." "证明打印在A4纸上。任何人都可以验证其二维码。" "증명서는 A4 용지에 인쇄됩니다. QR 코드로 진본임을 누구나 확인할 수 있습니다.";
    spoken TermsSelf "ご本人のマイナンバーカードをお使いください。" "Use your own My Number Card only." "请使用您本人的个人编号卡。" "본인의 마이넘버 카드를 사용해 주십시오.";
    named Agree "同意する" "I agree" "同意" "동의합니다";

    // Card, kind, PIN
    spoken PlaceCard "マイナンバーカードをカードリーダーに置いてください。" "Place your My Number Card on the reader." "请将个人编号卡放在读卡器上。" "마이넘버 카드를 리더에 올려 주십시오.";
    shown PlaceCardTitle "カードを置いてください" "Place your card" "请放置卡片" "카드를 올려 주십시오";
    spoken PlaceCardHelp "カードの顔写真の面を上にして、リーダーの中央に置きます。読み取りが終わるまで動かさないでください。スマートフォンは使えません。" "Put the card in the middle of the reader, photo side up. Do not move it until told. A phone cannot be used." "将卡片有照片的一面朝上，放在读卡器中央。读取结束前请勿移动。不能使用手机。" "카드의 사진 면을 위로 하여 리더 중앙에 올려 주십시오. 안내가 있을 때까지 움직이지 마십시오. 스마트폰은 사용할 수 없습니다.";
    spoken ChooseKind "証明書の用途を選んでください。" "Choose what the certificate is for." "请选择证明的用途。" "증명서의 용도를 선택해 주십시오.";
    shown ChooseKindTitle "用途を選んでください" "What is it for?" "请选择用途" "용도를 선택해 주십시오";
    spoken ChooseKindHelp "国内用には、氏名、生年月日、接種記録が記載されます。海外用には旅券の内容も記載され、以前にアプリまたは市区町村の窓口で海外用を受け取った方に限り、この端末で発行できます。" "The certificate for use in Japan shows your name, date of birth and vaccinations. The one for abroad names your passport too. It is issued here only if you have had one from the app or your municipality's counter before." "国内用证明记载姓名、出生日期和接种记录。海外用证明还记载护照信息，仅限以前通过应用程序或市区町村窗口领取过海外用证明的人在此申请。" "국내용에는 성명, 생년월일, 접종 기록이 기재됩니다. 해외용에는 여권 정보도 기재되며, 이전에 앱 또는 시구정촌 창구에서 해외용을 받은 분만 여기서 발급받을 수 있습니다.";
    named Domestic "国内用" "For use in Japan" "日本国内用" "일본 국내용";
    named DomesticText "日本語(英語併記)" "In Japanese with English labels" "日语（附英文）" "일본어(영어 병기)";
    named Abroad "海外用" "For use abroad" "海外用" "해외용";
    named AbroadText "以前に海外用を受け取った方。旅券の氏名と番号が入ります" "If you have had one before. With your name and number as in the passport" "限以前领取过海外用证明的人。记载护照姓名和号码" "이전에 해외용을 받은 분. 여권의 성명과 번호가 기재됩니다";
    spoken EnterPin "暗証番号、数字4桁を入力してください。" "Enter your 4-digit PIN." "请输入4位数字密码。" "비밀번호 4자리를 입력해 주십시오.";
    shown EnterPinTitle "暗証番号(4桁)を入力してください" "Enter your 4-digit PIN" "请输入4位数字密码" "비밀번호 4자리를 입력해 주십시오";
    spoken EnterPinHelp "カードを受け取ったときに市区町村の窓口で設定した、券面事項入力補助用の4桁の数字です。お忘れの方は、お住まいの市区町村の窓口で再設定できます。" "It is the 4-digit number for card-surface input support that you set at your municipality's counter when you received the card. If you forgot it, that counter can set a new one." "这是您领卡时在市区町村窗口设置的券面事项输入辅助用4位数字。如果忘记，可在居住地的市区町村窗口重新设置。" "카드를 받으실 때 시구정촌 창구에서 설정한 권면사항입력보조용 4자리 숫자입니다. 잊으신 경우 거주지 시구정촌 창구에서 재설정할 수 있습니다.";
    named PinEntered "4桁のうち{count}桁を入力しました" "{count} of 4 digits entered" "已输入{count}位（共4位）" "4자리 중 {count}자리 입력됨";
    spoken TriesLeft "あと{remaining}回入力できます。" "Tries left: {remaining}." "还可输入{remaining}次。" "앞으로 {remaining}번 입력할 수 있습니다.";
    spoken LastTry "入力できるのは、あと1回です。間違えるとロックされ、解除はお住まいの市区町村の窓口でしかできません。" "This is the last try. If it is wrong the PIN is locked, and only your municipality's counter can unlock it." "只剩最后1次。如果输错，密码将被锁定，只能在居住地的市区町村窗口解除。" "마지막 1회입니다. 틀리면 비밀번호가 잠기며, 거주지 시구정촌 창구에서만 해제할 수 있습니다.";
    shown LastTryTitle "ご注意ください" "Please be careful" "请注意" "주의해 주십시오";
    named Delete "1文字消す" "Delete" "删除" "지우기";
    named Enter "決定" "Enter" "确定" "확인";
    named Shuffle "数字の並びを変える" "Shuffle the keys" "打乱数字键" "숫자 배열 섞기";
    named Unshuffle "数字の並びを戻す" "Keys in order" "恢复数字键顺序" "숫자 배열 되돌리기";
    spoken Reading "カードを読み取っています。動かさないでください。" "Reading the card. Do not move it." "正在读取卡片。请勿移动。" "카드를 읽고 있습니다. 움직이지 마십시오.";
    shown ReadingTitle "読み取っています" "Reading your card" "正在读取" "읽고 있습니다";
    spoken TakeCard "カードをお取りください。お取りになるまで先へ進みません。" "Take your card back. Nothing goes on until you do." "请取回您的卡。取回之前不会继续。" "카드를 가져가 주십시오. 가져가실 때까지 진행되지 않습니다.";
    shown TakeCardTitle "カードをお取りください" "Take your card back" "请取回您的卡" "카드를 가져가 주십시오";
    spoken Checking "センターでカードを確認しています。しばらくお待ちください。" "The center is checking your card. Please wait." "正在由中心确认卡片，请稍候。" "센터에서 카드를 확인하고 있습니다. 잠시 기다려 주십시오.";
    shown CheckingTitle "確認しています" "Checking your card" "正在确认" "확인하고 있습니다";
    spoken LookingUp "センターに問い合わせています。しばらくお待ちください。" "Asking the center. Please wait." "正在向中心查询，请稍候。" "센터에 문의하고 있습니다. 잠시 기다려 주십시오.";
    shown LookingUpTitle "照会しています" "Looking it up" "正在查询" "조회하고 있습니다";
    spoken CardLeft "カードが置かれたままです。お取りください。" "A card has been left on the reader. Please take it." "读卡器上留有卡片，请取走。" "카드가 남아 있습니다. 가져가 주십시오.";
    shown CardLeftTitle "カードの取り忘れ" "Card left behind" "有卡遗留" "카드가 남아 있습니다";
    shown PaperLeft "取り出し口に証明書が残っています。ご自分のものであればお取りください。そうでないときは、係員にお知らせください。" "A certificate lies in the tray. If it is yours, take it. If not, please tell the staff." "出纸口有一份证明。如果是您的，请取走；如果不是，请告知工作人员。" "배출구에 증명서가 남아 있습니다. 본인의 것이면 가져가 주십시오. 아니면 직원에게 알려 주십시오.";
    shown PaperLeftTitle "証明書の取り忘れ" "Certificate left behind" "有证明遗留" "증명서가 남아 있습니다";

    // Municipality, copies, preview
    spoken ChooseMunicipality "接種を受けたときにお住まいだった市区町村を選んでください。" "Choose the municipality you lived in when you were vaccinated." "请选择接种时居住的市区町村。" "접종 당시 거주하시던 시구정촌을 선택해 주십시오.";
    shown ChooseMunicipalityTitle "市区町村を選んでください" "Choose a municipality" "请选择市区町村" "시구정촌을 선택해 주십시오";
    spoken ChooseMunicipalityHelp "接種記録は、接種を受けた日に住民票があった市区町村にあります。引っ越しをされた方は、以前の市区町村を選んでください。" "Your record is kept by the municipality where you were registered as a resident on the day of the vaccination. If you have moved since, choose the earlier one." "接种记录保存在接种当日您的住民票所在的市区町村。如已搬家，请选择以前的市区町村。" "접종 기록은 접종일에 주민표가 있던 시구정촌에 있습니다. 이사하신 분은 이전 시구정촌을 선택해 주십시오.";
    named Home "カードの住所の市区町村" "The municipality of your card's address" "卡上住址的市区町村" "카드 주소의 시구정촌";
    named InPrefecture "都道府県" "Prefecture" "都道府县" "도도부현";
    shown Elsewhere "ほかの市区町村" "Another municipality" "其他市区町村" "다른 시구정촌";
    named ByPrefecture "都道府県から選ぶ" "By prefecture" "按都道府县选择" "도도부현으로 찾기";
    named ByReading "五十音から選ぶ" "By first letter" "按首字母选择" "첫 글자로 찾기";
    named ByLetters "文字を押して探す" "Search by letters" "按字母查找" "글자로 검색";
    shown LettersSoFar "市区町村名のはじめの文字" "First letters of its name" "名称开头的字母" "이름의 첫 글자들";
    shown PressLetters "市区町村名を、はじめの文字から順に押してください。" "Press the letters of its name, from the first on." "请从第一个字母开始，依次按名称的字母。" "이름의 글자를 첫 글자부터 차례로 눌러 주십시오.";
    shown FoundCount "{count}件あります" "{count} found" "共{count}个" "{count}건 있습니다";
    shown NotListed "一覧にない市区町村の証明書は、この端末では交付できません。その市区町村の窓口にお問い合わせください。" "For a municipality that is not listed no certificate can be issued here. Please ask at its counter." "列表中没有的市区町村，本终端无法发放证明。请咨询该市区町村窗口。" "목록에 없는 시구정촌의 증명서는 이 단말기에서 발급할 수 없습니다. 해당 시구정촌 창구에 문의해 주십시오.";
    spoken ChooseCopies "部数を選んでください。" "Choose how many copies you need." "请选择份数。" "부수를 선택해 주십시오.";
    shown ChooseCopiesTitle "部数を選んでください" "How many copies?" "请选择份数" "부수를 선택해 주십시오";
    named CopyCount "{copies}部" "{copies}" "{copies}份" "{copies}부";
    named FewerCopies "1部減らす" "One copy fewer" "减少1份" "1부 줄이기";
    named MoreCopies "1部増やす" "One copy more" "增加1份" "1부 늘리기";
    shown FeeOf "手数料 {yen}円" "Fee: {yen} yen" "手续费 {yen}日元" "수수료 {yen}엔";
    spoken CheckPreview "証明書の内容をご確認ください。よろしければ「この内容で交付する」を押してください。" "Please check what the certificate will say. If it is right, press Issue this certificate." "请确认证明内容。如无误，请按“按此内容发放”。" "증명서 내용을 확인해 주십시오. 맞으면 ‘이 내용으로 발급’을 눌러 주십시오.";
    shown Preview "証明書の内容をご確認ください" "Please check what the certificate will say" "请确认证明内容" "증명서 내용을 확인해 주십시오";
    spoken PreviewHelp "ここに表示された内容がそのまま印刷されます。内容が違うときは、中止して、記録のある市区町村の窓口にお問い合わせください。" "Exactly this will be printed. If something is wrong, cancel, and ask at the counter of the municipality that holds the record." "将按此处显示的内容打印。如有错误，请取消，并咨询保存记录的市区町村窗口。" "여기에 표시된 내용이 그대로 인쇄됩니다. 내용이 다르면 취소하고 기록이 있는 시구정촌 창구에 문의해 주십시오.";
    shown Name "氏名" "Name" "姓名" "성명";
    shown BirthDate "生年月日" "Date of birth" "出生日期" "생년월일";
    named Authority "証明する市区町村" "Certified by" "证明机构" "증명 기관";
    shown PassportName "旅券の氏名" "Name in passport" "护照姓名" "여권의 성명";
    shown Nationality "国籍" "Nationality" "国籍" "국적";
    shown PassportNumber "旅券番号" "Passport number" "护照号码" "여권 번호";
    shown PassportCheck "旅券番号が、いまお持ちの旅券と同じことを確かめてください。旅券が新しくなった方は、アプリまたは市区町村の窓口で申請してください。" "Check that the number is that of the passport you hold now. If your passport was renewed, apply with the app or at your municipality's counter." "请确认护照号码与您现在的护照一致。如已换发新护照，请使用应用程序或到市区町村窗口申请。" "여권 번호가 지금 가지고 계신 여권과 같은지 확인해 주십시오. 여권이 갱신된 경우 앱 또는 시구정촌 창구에서 신청해 주십시오.";
    shown IssuedOn "交付日" "Date of issue" "发放日期" "발급일";
    shown CopiesLabel "部数" "Copies" "份数" "부수";
    named Doses "接種記録" "Vaccinations" "接种记录" "접종 기록";
    shown KindLabel "種類" "Kind" "种类" "종류";
    shown DoseCountry "接種国" "Country" "接种国家" "접종 국가";
    shown DoseNumber "回" "Dose" "次" "회차";
    shown DoseDate "接種年月日" "Date" "接种日期" "접종일";
    shown DoseVaccine "ワクチンの種類" "Vaccine" "疫苗种类" "백신 종류";
    shown DoseProduct "製品名・メーカー" "Product, maker" "产品名、厂家" "제품명·제조사";
    shown DoseLot "製造番号" "Lot number" "批号" "제조번호";
    named Issue "この内容で交付する" "Issue this certificate" "按此内容发放" "이 내용으로 발급";

    // Fee, issue, print
    spoken PayFee "手数料をお支払いください。" "Please pay the fee." "请支付手续费。" "수수료를 지불해 주십시오.";
    shown PayFeeTitle "手数料をお支払いください" "Please pay the fee" "请支付手续费" "수수료를 지불해 주십시오";
    named FeeDue "お支払い額" "To pay" "应付金额" "지불 금액";
    named FeeInserted "投入額" "Inserted" "已投入" "투입 금액";
    shown Yen "{yen}円" "{yen} yen" "{yen}日元" "{yen}엔";
    spoken PayFeeHelp "おつりが出ます。中止すると、投入した金額が戻ります。印刷できなかったときは、手数料をお返しします。" "Change is given. If you cancel, what you inserted comes back. If printing fails, the fee is refunded." "可找零。取消时将退还已投入的金额。无法打印时退还手续费。" "거스름돈이 나옵니다. 취소하면 투입한 금액이 반환됩니다. 인쇄하지 못한 경우 수수료를 돌려드립니다.";
    spoken Issuing "証明書を作成しています。" "Making the certificate." "正在制作证明。" "증명서를 작성하고 있습니다.";
    spoken Delivering "印刷しています。その場を離れないでください。" "Printing. Please do not leave." "正在打印。请勿离开。" "인쇄하고 있습니다. 자리를 떠나지 마십시오.";
    shown PrintedOf "{copies}部のうち{printed}部が出ました" "{printed} of {copies} printed" "共{copies}份，已打印{printed}份" "{copies}부 중 {printed}부가 나왔습니다";
    shown IssuingTitle "作成しています" "Making the certificate" "正在制作" "작성하고 있습니다";
    shown DeliveringTitle "印刷しています" "Printing" "正在打印" "인쇄하고 있습니다";
    shown DoNotLeave "その場を離れないでください" "Please do not leave" "请勿离开" "자리를 떠나지 마십시오";
    spoken AgainPrompt "もう一度印刷するときは「もう一度試す」を押してください。" "To print again, press Try again." "如需重新打印，请按“重试”。" "다시 인쇄하려면 ‘다시 시도’를 눌러 주십시오.";
    shown AgainTitle "印刷が終わっていません" "Not all is printed yet" "打印尚未完成" "인쇄가 끝나지 않았습니다";
    named Again "もう一度試す" "Try again" "重试" "다시 시도";
    spoken TakePaper "証明書をお取りください。" "Please take your certificate." "请取走证明。" "증명서를 가져가 주십시오.";
    shown TakePaperTitle "証明書をお取りください" "Take your certificate" "请取走证明" "증명서를 가져가 주십시오";
    spoken TakePaperText "証明書が取り出し口に残っています。枚数をご確認のうえ、すべてお取りください。" "Your certificate lies in the tray. Take every sheet." "证明在出纸口。请确认张数并全部取走。" "증명서가 배출구에 있습니다. 매수를 확인하시고 모두 가져가 주십시오.";
    spoken Reporting "交付の完了をセンターに報告しています。しばらくお待ちください。" "Telling the center that you have your certificate. Please wait." "正在向中心报告发放完成，请稍候。" "발급 완료를 센터에 보고하고 있습니다. 잠시 기다려 주십시오.";
    shown ReportingTitle "もうすぐ終わります" "Almost done" "即将完成" "곧 완료됩니다";
    spoken DoneTaken "終わりました。この端末には何も残っていません。" "Done. Nothing of it is left in this kiosk." "已完成。本终端不保留任何内容。" "완료되었습니다. 이 단말기에는 아무것도 남아 있지 않습니다.";
    spoken Done "終わりました。証明書をお取りください。この端末には何も残っていません。" "Done. Take your certificate. Nothing of it is left in this kiosk." "已完成。请取走证明。本终端不保留任何内容。" "완료되었습니다. 증명서를 가져가 주십시오. 이 단말기에는 아무것도 남아 있지 않습니다.";
    shown DoneTitle "ありがとうございました" "Thank you" "谢谢" "감사합니다";
    spoken NotReported "ご注意ください。交付の完了をセンターに報告できませんでした。この証明書は10分以内に無効になります。改めて申請してください。" "Warning: the center could not be told. This certificate becomes invalid within ten minutes. Please apply again." "请注意：未能向中心报告发放完成。本证明将在10分钟内失效，请重新申请。" "주의: 센터에 발급 완료를 보고하지 못했습니다. 이 증명서는 10분 이내에 무효가 됩니다. 다시 신청해 주십시오.";
    shown NotReportedTitle "この証明書は無効になります" "This certificate becomes invalid" "本证明将失效" "이 증명서는 무효가 됩니다";
    named Finish "終わる" "Finish" "结束" "종료";

    // Problems
    shown ProblemTitle "お知らせ" "Please note" "提示" "안내";
    shown ProblemStopped "手続きを続けられません" "This cannot go on" "无法继续" "계속할 수 없습니다";
    shown ProblemWait "ただいまご利用いただけません" "This kiosk is out of service" "本机暂停服务" "현재 이용할 수 없습니다";
    shown NeedsInspection "この端末は、点検が終わるまでご利用いただけません。" "This kiosk has to be inspected before it can be used again." "本机需要检修，检修结束前无法使用。" "이 단말기는 점검이 끝날 때까지 이용할 수 없습니다.";
    spoken FeeReturned "お金をお返ししました。返却口をお確かめください。" "Your money has been returned. Please look in the return tray." "现金已退还。请查看退币口。" "돈을 돌려드렸습니다. 반환구를 확인해 주십시오.";
    shown ProblemCodeLabel "コード" "Code" "代码" "코드";
    spoken SeeScreen "画面の案内をご確認ください。" "Please read what the screen says." "请查看屏幕上的说明。" "화면의 안내를 확인해 주십시오.";
    named Understood "わかりました" "OK" "知道了" "확인";
    named ToStart "最初の画面へ" "Back to the start" "返回首页" "처음으로";

    // For the attendant
    shown Attendant "係員用" "Attendant" "工作人员" "직원용";
    shown AttendantKey "係員の鍵を入力してください" "Enter the attendant's key" "请输入工作人员密钥" "직원 키를 입력해 주십시오";
    shown AttendantWrong "鍵が違います。" "That is not the key." "密钥错误。" "키가 다릅니다.";
    shown AttendantOk "正常" "in order" "正常" "정상";
    shown AttendantVersion "版" "Version" "版本" "버전";
    shown AttendantTerminal "端末" "Terminal" "终端" "단말기";
    shown AttendantService "申請の受付" "Taking applications" "受理申请" "신청 접수";
    shown Mismatch "一致しなかった項目" "What did not match" "不一致的项目" "일치하지 않은 항목";
    shown MismatchPassport "旅券" "Passport" "护照" "여권";
    shown MismatchRequest "申請の内容" "What was applied for" "申请内容" "신청 내용";
    shown MismatchSignature "電子署名" "Signature" "电子签名" "전자 서명";
    shown MismatchSeal "海外用の電子シール" "Seal for abroad" "海外用电子封印" "해외용 전자 봉인";
    shown MismatchIssuer "発行者" "Issuer" "发行者" "발행자";
    shown MismatchPage "印刷するページ" "Page to be printed" "打印页面" "인쇄할 페이지";
    shown AttendantReader "カードリーダー" "Card reader" "读卡器" "카드 리더";
    shown AttendantPrinter "プリンター" "Printer" "打印机" "프린터";
    shown WarnPaperLow "用紙が残りわずかです" "Paper is low" "纸张即将用完" "용지가 얼마 남지 않았습니다";
    shown WarnSupplyLow "トナーまたはインクが残りわずかです" "Toner or ink is low" "碳粉或墨水即将用完" "토너 또는 잉크가 얼마 남지 않았습니다";
    shown WarnSupplyEmpty "トナーまたはインクがなくなりました。印刷が薄くなることがあります" "Toner or ink is used up; pages may be pale" "碳粉或墨水已用完，打印可能变淡" "토너 또는 잉크가 없습니다. 인쇄가 흐려질 수 있습니다";
    shown WarnWasteAlmostFull "廃トナーまたは廃インクの容器がまもなくいっぱいになります" "The waste container is almost full" "废粉盒或废墨盒即将装满" "폐토너 또는 폐잉크 용기가 거의 찼습니다";
    shown WarnOutputAlmostFull "排紙トレイがまもなくいっぱいになります" "The output tray is almost full" "出纸盘即将装满" "출력 용지함이 거의 찼습니다";
    shown WarnPartWorn "ドラムまたは定着器の交換時期が近づいています" "A drum or fuser is almost worn out" "硒鼓或定影器即将到寿命" "드럼 또는 정착기 교체 시기가 다가왔습니다";
    shown AttendantCenter "証明書交付センター" "Issuance center" "证明发放中心" "증명서 발급 센터";
    shown AttendantBegun "始められた申請" "Applications begun" "已开始的申请" "시작된 신청";
    shown AttendantDelivered "渡された証明書" "Certificates handed over" "已交付的证明" "교부된 증명서";
    shown AttendantEnded "表示したお知らせ" "Problems shown" "已显示的提示" "표시된 안내";
    shown AttendantBrowsers "画面の再起動" "Browsers started again" "浏览器重启次数" "브라우저 재시작";
    named AttendantReset "端末を最初の状態に戻す" "Reset the kiosk" "重置终端" "단말기 초기화";

    // The plain text front end
    shown Cancel "(q で中止)" "(q to cancel)" "（输入 q 取消）" "(q 입력 시 취소)";
    shown ChooseProgramme "証明書の種類を番号で選んでください" "Choose a certificate by its number" "请按编号选择证明种类" "증명서 종류를 번호로 선택해 주십시오";
    shown ChooseKindByNumber "用途を番号で選んでください" "Choose by number what it is for" "请按编号选择用途" "용도를 번호로 선택해 주십시오";
    shown TypePin "暗証番号(数字4桁、券面事項入力補助用)を入力してください。あと{remaining}回入力できます。" "Enter your PIN (4 digits, for card-surface input support). Tries left: {remaining}." "请输入密码（4位数字，券面事项输入辅助用）。还可输入{remaining}次。" "비밀번호(숫자 4자리, 권면사항입력보조용)를 입력해 주십시오. 앞으로 {remaining}번 입력할 수 있습니다.";
    shown ChooseMunicipalityByNumber "接種を受けたときの市区町村を番号で選んでください" "Choose by number the municipality that holds your vaccination records" "请按编号选择接种时所在的市区町村" "접종 당시의 시구정촌을 번호로 선택해 주십시오";
    shown Copies "部数(1から10、そのままEnterで1部)" "Copies (1 to 10, Enter for 1)" "份数（1至10，直接按 Enter 为1份）" "부수(1~10, Enter만 누르면 1부)";
    shown Confirm "この内容で交付するには Enter を押してください(b で市区町村の選択に戻る)" "Press Enter to have it issued (b to choose another municipality)" "按 Enter 发放（输入 b 重新选择市区町村）" "발급하려면 Enter를 누르십시오(b 입력 시 시구정촌 선택으로)";
    shown NotUnderstood "入力を確かめて、もう一度入力してください。" "That is none of the choices. Please enter it again." "输入有误，请重新输入。" "입력을 확인하고 다시 입력해 주십시오.";
    shown NextResident "Enter を押すと最初の画面に戻ります" "Press Enter to return to the start" "按 Enter 返回开始画面" "Enter를 누르면 처음 화면으로 돌아갑니다";
    shown TryAgain "もう一度試すには Enter を押してください" "Press Enter to try again" "按 Enter 重试" "다시 시도하려면 Enter를 누르십시오";
}
