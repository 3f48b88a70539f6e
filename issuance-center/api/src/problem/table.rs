//! One row a code: status, whether a retry helps, what the resident is told (what happened, what to do) in Japanese, English,
//! Chinese and Korean, what the operator is told.

use super::{Meaning, Retry};

macro_rules! problems {
    ($($name:ident $code:literal $status:expr, $retry:ident,
        $ja:literal $ja_advice:literal, $en:literal $en_advice:literal,
        $zh:literal $zh_advice:literal, $ko:literal $ko_advice:literal, $operator:literal;)*) => {
        /// A problem code. The list is closed: nothing else is ever reported.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum ProblemCode {
            $(#[doc = concat!("`", $code, "`: ", $operator)] $name,)*
        }
        impl ProblemCode {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// What it means.
            #[must_use]
            pub fn meaning(self) -> &'static Meaning {
                match self {
                    $(Self::$name => &Meaning {
                        code: $code,
                        status: $status,
                        retry: Retry::$retry,
                        happened: [$ja, $en, $zh, $ko],
                        advice: [$ja_advice, $en_advice, $zh_advice, $ko_advice],
                        message: [
                            concat!($ja, $ja_advice),
                            concat!($en, " ", $en_advice),
                            concat!($zh, $zh_advice),
                            concat!($ko, " ", $ko_advice),
                        ],
                        operator: $operator,
                    },)*
                }
            }
        }
    };
}

problems! {
    // Reader and card
    ReaderServiceUnavailable "reader-service-unavailable" None, No,
        "カードリーダーの準備ができていません。" "係員にお知らせください。",
        "The card reader service is not running." "Please tell the staff.",
        "读卡器服务未启动。" "请告知工作人员。",
        "카드 리더 서비스가 실행되고 있지 않습니다." "직원에게 알려 주십시오.",
        "pcscd does not answer: start it.";
    ReaderUntrusted "reader-untrusted" None, No,
        "この端末では暗証番号を安全に扱えないため、ご利用いただけません。" "係員にお知らせください。",
        "This terminal cannot handle your PIN safely and is out of service." "Please tell the staff.",
        "本终端无法安全处理您的密码，暂停使用。" "请告知工作人员。",
        "이 단말기는 비밀번호를 안전하게 처리할 수 없어 이용할 수 없습니다." "직원에게 알려 주십시오.",
        "PC/SC runs in a way that leaks PINs (APDU log, spy library, debug or socket variable): remove it.";
    NoReader "no-reader" None, No,
        "カードリーダーが見つかりません。" "係員にお知らせください。",
        "No card reader was found." "Please tell the staff.",
        "找不到读卡器。" "请告知工作人员。",
        "카드 리더를 찾을 수 없습니다." "직원에게 알려 주십시오.",
        "No reader is connected.";
    NoCard "no-card" None, Repeat,
        "カードが置かれないまま、お待ちする時間が過ぎました。" "最初からやり直して、マイナンバーカードをカードリーダーに置いてください。",
        "No card was placed on the reader in time." "Please start again, and place your My Number Card on the reader.",
        "在规定时间内没有放置卡。" "请重新开始，并将个人编号卡放在读卡器上。",
        "정해진 시간 안에 카드를 올려놓지 않으셨습니다." "처음부터 다시 시작하여 마이넘버 카드를 리더에 올려 주십시오.",
        "No card within the time given.";
    CardLifted "card-lifted" None, Restart,
        "読み取りの途中でカードが離れました。" "最初からやり直して、カードを置いたら、終わるまで動かさないでください。",
        "The card was lifted while it was being read." "Please start again, and do not move the card until told.",
        "读取过程中卡被移开。" "请重新开始，放置卡后在结束前不要移动。",
        "읽는 도중 카드가 떨어졌습니다." "처음부터 다시 시작하여 카드를 올려놓고 끝날 때까지 움직이지 마십시오.",
        "Card removed, reset or swapped during the session.";
    WrongCard "wrong-card" None, No,
        "置かれたカードは、マイナンバーカードではありません。" "最初からやり直して、マイナンバーカードを置いてください。",
        "This is not a My Number Card." "Please start again, and place your My Number Card.",
        "放置的不是个人编号卡。" "请重新开始，并放置个人编号卡。",
        "마이넘버 카드가 아닙니다." "처음부터 다시 시작하여 마이넘버 카드를 올려 주십시오.",
        "The card has neither the text AP nor the JPKI AP.";
    PhoneInsteadOfCard "phone-instead-of-card" None, No,
        "スマートフォンではこの手続きができません。" "最初からやり直して、マイナンバーカードそのものを置いてください。",
        "A phone cannot be used for this." "Please start again, and place the My Number Card itself.",
        "此手续不能使用手机。" "请重新开始，并放置个人编号卡实体卡。",
        "스마트폰으로는 이 절차를 할 수 없습니다." "처음부터 다시 시작하여 마이넘버 카드 실물을 올려 주십시오.",
        "JPKI alone answers: a phone's certificate.";
    CardInUse "card-in-use" None, Repeat,
        "ほかのプログラムがカードを使っています。" "しばらくしてからもう一度お試しください。続く場合は係員にお知らせください。",
        "Another program is using the card." "Please try again in a moment; if it goes on, tell the staff.",
        "其他程序正在使用该卡。" "请稍后再试；如持续发生请告知工作人员。",
        "다른 프로그램이 카드를 사용하고 있습니다." "잠시 후 다시 시도하고, 계속되면 직원에게 알려 주십시오.",
        "Another process holds the card: end it.";
    CardUnreadable "card-unreadable" None, Restart,
        "カードの応答が規格と違うため、読み取れませんでした。" "最初からやり直して、カードを置き直してください。続く場合は市区町村の窓口にご相談ください。",
        "The card did not answer as a My Number Card should, and could not be read." "Please start again, and place the card anew; if it goes on, ask your municipality's counter.",
        "卡的应答不符合规格，无法读取。" "请重新开始，并重新放置卡；如仍无法读取，请咨询市区町村窗口。",
        "카드의 응답이 규격과 달라 읽지 못했습니다." "처음부터 다시 시작하여 카드를 다시 올리고, 계속되면 시구정촌 창구에 문의해 주십시오.",
        "The card answered outside its specification.";
    CardExpired "card-expired" None, No,
        "カードの有効期限が切れています。" "市区町村の窓口で更新してください。",
        "This card has expired." "Please renew it at your municipality's counter.",
        "卡已过有效期。" "请到市区町村窗口办理更新。",
        "카드의 유효기간이 지났습니다." "시구정촌 창구에서 갱신해 주십시오.",
        "The card's expiry date has passed.";

    // PIN
    PinMalformed "pin-malformed" None, Repeat,
        "暗証番号は数字4桁です。入力できる回数は減っていません。" "もう一度入力してください。",
        "The PIN is four digits. This did not use up a try." "Please enter it again.",
        "密码为4位数字。本次未扣除次数。" "请重新输入。",
        "비밀번호는 숫자 4자리입니다. 입력 가능 횟수는 줄지 않았습니다." "다시 입력해 주십시오.",
        "Input was not four digits; nothing was sent to the card.";
    PinWrong "pin-wrong" None, Repeat,
        "暗証番号が違います。あと{remaining}回まちがえるとロックされます。" "券面事項入力補助用の4桁を確かめて、もう一度入力してください。",
        "Wrong PIN. Tries left before it is locked: {remaining}." "Please check your four digits for card-surface input support, and enter them again.",
        "密码错误。再错{remaining}次将被锁定。" "请确认券面事项输入辅助用的4位密码，然后重新输入。",
        "비밀번호가 틀렸습니다. {remaining}번 더 틀리면 잠깁니다." "권면사항입력보조용 4자리 숫자를 확인하고 다시 입력해 주십시오.",
        "63Cx after VERIFY.";
    PinBlocked "pin-blocked" None, No,
        "暗証番号がロックされています。" "お住まいの市区町村の窓口で再設定してください。",
        "The PIN is locked." "Please have it reset at the counter of the municipality where you live.",
        "密码已锁定。" "请到您居住地的市区町村窗口重新设置。",
        "비밀번호가 잠겼습니다." "거주하시는 시구정촌 창구에서 재설정해 주십시오.",
        "6984, or 63C0 when asked.";

    // Session at the terminal
    Cancelled "cancelled" None, Restart,
        "手続きを取り消しました。" "カードをお取りください。申請するときは、最初からやり直してください。",
        "You cancelled the application." "Please take your card. To apply, start again.",
        "手续已取消。" "请取回您的卡。如需申请，请重新开始。",
        "절차를 취소했습니다." "카드를 가져가 주십시오. 신청하시려면 처음부터 다시 시작해 주십시오.",
        "The resident cancelled.";
    TimedOut "timed-out" None, Restart,
        "操作がなかったため、手続きを終了しました。" "カードをお取りのうえ、最初からやり直してください。",
        "The session ended because nothing was entered." "Please take your card, and start again.",
        "因长时间未操作，手续已结束。" "请取回卡并重新开始。",
        "조작이 없어 절차를 종료했습니다." "카드를 가져가시고 처음부터 다시 시작해 주십시오.",
        "No input in the time given.";
    ContentMismatch "content-mismatch" None, No,
        "証明書の内容が、カードの内容と合わないため、発行を中止しました。" "係員にお知らせください。",
        "The certificate did not match your card, and was not issued." "Please tell the staff.",
        "证明内容与您的卡不符，已停止发放。" "请告知工作人员。",
        "증명서 내용이 카드와 일치하지 않아 발급을 중지했습니다." "직원에게 알려 주십시오.",
        "The hand-over check failed: the terminal is out of service until it was looked at.";
    CertificateUnreadable "certificate-unreadable" None, Restart,
        "証明書の二次元コードを確認できなかったため、交付しませんでした。" "最初からやり直してください。続く場合は係員にお知らせください。",
        "The certificate's QR code could not be read back, so it was not handed over." "Please start again; if it goes on, tell the staff.",
        "无法读取证明的二维码，未予发放。" "请重新开始；如持续发生请告知工作人员。",
        "증명서의 QR 코드를 확인할 수 없어 발급하지 않았습니다." "처음부터 다시 시작하고, 계속되면 직원에게 알려 주십시오.",
        "Not all of the page is explained, and no other's code reads on it. The terminal stays in service: nothing says that it is somebody else's.";
    PrinterUnavailable "printer-unavailable" None, Repeat,
        "プリンターにつながりません。" "係員にお知らせください。",
        "The printer cannot be reached." "Please tell the staff.",
        "无法连接打印机。" "请告知工作人员。",
        "프린터에 연결할 수 없습니다." "직원에게 알려 주십시오.",
        "The printer does not answer on IPP.";
    PrinterOutOfPaper "printer-out-of-paper" None, Repeat,
        "用紙がなくなりました。" "係員に補充を頼んでください。",
        "The printer is out of paper." "Please ask the staff to refill it.",
        "打印纸已用完。" "请工作人员补充。",
        "용지가 없습니다." "직원에게 보충을 요청해 주십시오.",
        "printer-state-reasons says media-empty or media-needed.";
    PrinterJam "printer-jam" None, Repeat,
        "用紙が詰まりました。" "用紙を引き出さず、係員にお知らせください。",
        "Paper is jammed in the printer." "Please do not pull at it, and tell the staff.",
        "打印机卡纸。" "请不要拉扯纸张，并告知工作人员。",
        "프린터에 용지가 걸렸습니다." "용지를 잡아당기지 말고 직원에게 알려 주십시오.",
        "printer-state-reasons says media-jam: free the paper path.";
    PrinterCoverOpen "printer-cover-open" None, Repeat,
        "プリンターのふたが開いています。" "係員にお知らせください。",
        "A cover of the printer is open." "Please tell the staff.",
        "打印机盖未关闭。" "请告知工作人员。",
        "프린터 덮개가 열려 있습니다." "직원에게 알려 주십시오.",
        "printer-state-reasons says cover-open, door-open, interlock-open or that a tray is missing: close it.";
    PrinterSupplyEmpty "printer-supply-empty" None, Repeat,
        "プリンターのトナーまたはインクがなくなりました。" "係員に交換を頼んでください。",
        "The printer is out of toner or ink." "Please ask the staff to replace it.",
        "打印机的碳粉或墨水已用完。" "请工作人员更换。",
        "프린터의 토너 또는 잉크가 떨어졌습니다." "직원에게 교체를 요청해 주십시오.",
        "printer-state-reasons says marker-supply-empty, toner-empty, marker-waste-full, opc-life-over or developer-empty: replace it.";
    PrinterOutputFull "printer-output-full" None, Repeat,
        "用紙の取り出し口がいっぱいです。" "係員にお知らせください。",
        "The printer's output tray is full." "Please tell the staff.",
        "打印机出纸口已满。" "请告知工作人员。",
        "프린터 용지 출구가 가득 찼습니다." "직원에게 알려 주십시오.",
        "printer-state-reasons says output-area-full: empty the output tray.";
    PrinterUnsuitable "printer-unsuitable" None, No,
        "このプリンターでは証明書を印刷できません。" "係員にお知らせください。",
        "This printer cannot print certificates." "Please tell the staff.",
        "此打印机无法打印证明。" "请告知工作人员。",
        "이 프린터로는 증명서를 인쇄할 수 없습니다." "직원에게 알려 주십시오.",
        "The printer does not say that it takes application/pdf, A4 (iso_a4_210x297mm), so many copies and the operations needed: set it up, or use another.";
    PrinterFailed "printer-failed" None, Repeat,
        "プリンターが証明書の印刷を受け付けないか、途中でやめました。" "係員にお知らせください。",
        "The printer refused the certificate, or gave it up half-way." "Please tell the staff.",
        "打印机未接受证明，或中途停止了打印。" "请告知工作人员。",
        "프린터가 증명서 인쇄를 받지 않았거나 도중에 중단했습니다." "직원에게 알려 주십시오.",
        "The printer refused or aborted the job.";
    PrinterOutcomeUnknown "printer-outcome-unknown" None, No,
        "証明書を印刷できたかどうか、確認できません。" "用紙が出ていないかを確かめ、係員にお知らせください。",
        "It is not known whether your certificate was printed." "Please look for it in the printer, and tell the staff.",
        "无法确认证明是否已打印。" "请查看打印机出纸口，并告知工作人员。",
        "증명서가 인쇄되었는지 확인할 수 없습니다." "프린터에 용지가 나왔는지 확인하고 직원에게 알려 주십시오.",
        "The printer stopped answering, or forgot the job, after it had the page: look for a sheet. It was not reported as handed over and lapses.";
    PrinterJobOpen "printer-job-open" None, Repeat,
        "前の印刷が終わったことを確認できないため、ご利用を休止しています。" "係員にお知らせください。",
        "Out of service: an earlier print job may not have ended." "Please tell the staff.",
        "无法确认之前的打印任务已结束，暂停使用。" "请告知工作人员。",
        "이전 인쇄가 끝났는지 확인할 수 없어 이용을 중지하고 있습니다." "직원에게 알려 주십시오.",
        "A job of this terminal may still be printed: reach the printer, or cancel the job there. The terminal comes back by itself.";
    OutputFailed "output-failed" None, Repeat,
        "証明書を保存先に書き込めませんでした。" "保存先を確認するか、係員にお知らせください。",
        "The certificate could not be saved." "Please check where it should go, or tell the staff.",
        "无法将证明写入保存位置。" "请确认保存位置，或告知工作人员。",
        "증명서를 저장 위치에 쓸 수 없었습니다." "저장 위치를 확인하거나 직원에게 알려 주십시오.",
        "The output folder cannot be written.";
    WalletFull "wallet-full" None, No,
        "この機器に保存できる証明書の数が、上限に達しています。" "不要な証明書を削除してから、もう一度お試しください。",
        "This device holds as many certificates as it can." "Please delete some that you no longer need, and try again.",
        "本设备可保存的证明数量已达上限。" "请删除不需要的证明，然后再试一次。",
        "이 기기에 저장할 수 있는 증명서 수가 한도에 이르렀습니다." "필요 없는 증명서를 삭제하고 다시 시도해 주십시오.",
        "The app's wallet holds its most: nothing was issued.";
    CertificateGone "certificate-gone" None, No,
        "お選びの証明書は、すでに削除されています。" "一覧で、ほかの証明書をお選びください。",
        "The certificate you chose has been deleted already." "Please choose another from the list.",
        "您选择的证明已被删除。" "请在列表中选择其他证明。",
        "선택하신 증명서는 이미 삭제되었습니다." "목록에서 다른 증명서를 선택해 주십시오.",
        "The app's wallet holds no such certificate any more.";
    IssuerKeyUnknown "issuer-key-unknown" None, No,
        "届いた証明書は、このアプリがまだ知らない新しい鍵で署名されているため、受け取りませんでした。" "アプリを更新してから、もう一度申請してください。",
        "The certificate is signed with a newer key than this app knows, so it was not taken." "Please update the app, and apply again.",
        "证明使用了本应用程序尚不知道的新密钥签名，未予接收。" "请更新应用程序，然后重新申请。",
        "증명서가 이 앱이 아직 모르는 새 키로 서명되어 있어 받지 않았습니다." "앱을 업데이트한 뒤 다시 신청해 주십시오.",
        "The issuer's pinned keys have none of this id, or the CSCA that it is sealed under is not pinned or its time is over by this clock: replace the file. The certificate was not reported as handed over and lapses.";

    // Payment unit and sensors
    PaymentUnitUnavailable "payment-unit-unavailable" None, Repeat,
        "料金を受け取る機械が使えません。お金は入っていません。" "係員にお知らせください。",
        "The payment unit is out of order. It has none of your money." "Please tell the staff.",
        "收款机无法使用。未收取您的现金。" "请告知工作人员。",
        "요금기를 사용할 수 없습니다. 투입된 돈은 없습니다." "직원에게 알려 주십시오.",
        "The payment unit's driver does not answer on its socket, has another client, or says that it is out of order.";
    PaymentNoChange "payment-no-change" None, Repeat,
        "おつりが足りないため、入れたお金をお返ししました。" "ちょうどの金額を入れるか、係員にお知らせください。",
        "There is not enough change, so your money was returned." "Please pay the exact amount, or tell the staff.",
        "零钱不足，已退还您投入的现金。" "请投入刚好的金额，或告知工作人员。",
        "거스름돈이 부족하여 넣으신 돈을 돌려드렸습니다." "정확한 금액을 넣거나 직원에게 알려 주십시오.",
        "The payment unit is out of change: refill it.";
    PaymentFailed "payment-failed" None, Repeat,
        "お支払いができませんでした。" "入れたお金を返却口からお取りのうえ、もう一度お試しください。続く場合は係員にお知らせください。",
        "The payment did not go through." "Please take your money from the return tray and try again; if it goes on, tell the staff.",
        "支付未完成。" "请从退币口取回现金后再试一次；如持续发生请告知工作人员。",
        "결제하지 못했습니다." "반환구에서 돈을 꺼낸 뒤 다시 시도하고, 계속되면 직원에게 알려 주십시오.",
        "The payment unit gave up and paid out what was inserted.";
    PaymentNotReturned "payment-not-returned" None, No,
        "お金をすべてお返しできたか、確認できません。" "返却口を確かめ、足りないときは係員にお知らせください。",
        "It is not certain that all your money was returned." "Please look into the return tray, and tell the staff if some is missing.",
        "无法确认现金是否已全部退还。" "请查看退币口，如有不足请告知工作人员。",
        "돈을 모두 돌려드렸는지 확인할 수 없습니다." "반환구를 확인하고, 모자라면 직원에게 알려 주십시오.",
        "Money of a resident is stuck in the payment unit, or its driver went before it said that all was paid out: compare its counters.";
    SensorFailed "sensor-failed" None, Repeat,
        "カードや用紙の取り忘れを確認するセンサーが使えません。" "カードと用紙をお取りのうえ、係員にお知らせください。",
        "The sensor that looks for a forgotten card or paper does not work." "Please take yours with you, and tell the staff.",
        "检测遗忘的卡或纸张的传感器无法使用。" "请取回您的卡和纸张，并告知工作人员。",
        "두고 간 카드나 용지를 확인하는 센서를 사용할 수 없습니다." "카드와 용지를 챙기시고 직원에게 알려 주십시오.",
        "The slot's or tray's driver does not answer or says that it failed, or a GPIO line cannot be read or does not come to rest.";

    // Reaching the center
    CenterUnreachable "center-unreachable" None, Repeat,
        "証明書交付センターにつながりません。" "しばらくしてからお試しください。",
        "The issuance center cannot be reached." "Please try again later.",
        "无法连接证明发放中心。" "请稍后再试。",
        "증명서 발급 센터에 연결할 수 없습니다." "잠시 후 다시 시도해 주십시오.",
        "No TLS connection, or none that could be trusted.";
    AnswerUntrusted "answer-untrusted" None, Restart,
        "センターからの応答が、正しいものと確認できませんでした。" "最初からやり直してください。",
        "The center's answer could not be trusted." "Please start again.",
        "无法确认中心的应答是否可信。" "请重新开始。",
        "센터의 응답을 신뢰할 수 있는지 확인하지 못했습니다." "처음부터 다시 시작해 주십시오.",
        "The answer was malformed or its seal did not open.";
    Busy "busy" Some(503), Repeat,
        "ただいま混み合っています。" "少し待ってからもう一度お試しください。",
        "The service is busy." "Please wait a little and try again.",
        "目前业务繁忙。" "请稍候再试。",
        "지금 혼잡합니다." "잠시 기다렸다가 다시 시도해 주십시오.",
        "The admission limit is reached.";
    OutsideHours "outside-hours" Some(403), No,
        "ただいまは受付時間外です。" "受付時間を確かめて、その間にお越しください。",
        "Applications are not taken at this hour." "Please check the hours of service, and come back within them.",
        "现在不在受理时间内。" "请确认受理时间后再来。",
        "지금은 접수 시간이 아닙니다." "접수 시간을 확인하고 그 시간에 다시 이용해 주십시오.",
        "Outside the hours of the menu.";
    Maintenance "maintenance" Some(503), No,
        "ただいま保守作業のため休止しています。" "後ほどお越しください。",
        "The service is under maintenance." "Please come back later.",
        "系统维护中，暂停服务。" "请稍后再来。",
        "점검 중이라 서비스를 쉬고 있습니다." "나중에 다시 이용해 주십시오.",
        "Maintenance is switched on.";
    ProgrammeEnded "programme-ended" Some(403), No,
        "この証明書の発行は終了しました。" "市区町村の窓口にお問い合わせください。",
        "This certificate is no longer issued." "Please ask your municipality's counter.",
        "该证明已停止发放。" "请咨询市区町村窗口。",
        "이 증명서의 발급은 종료되었습니다." "시구정촌 창구에 문의해 주십시오.",
        "Unknown programme, or outside its period of issue.";
    MunicipalityNotTakingPart "municipality-not-taking-part" Some(403), No,
        "この市区町村は、コンビニ交付に参加していません。" "その市区町村の窓口で申請してください。",
        "This municipality does not issue certificates at kiosks." "Please apply at that municipality's counter.",
        "该市区町村未参加自助终端发放。" "请到该市区町村的窗口申请。",
        "이 시구정촌은 단말기 발급에 참가하지 않습니다." "해당 시구정촌 창구에서 신청해 주십시오.",
        "The municipality is not in the programme's list.";
    KindNotOffered "kind-not-offered" Some(403), No,
        "この種類の証明書は、この端末では発行できません。" "別の種類を選ぶか、市区町村の窓口で申請してください。",
        "This kind of certificate is not issued here." "Please choose another, or apply at the municipality's counter.",
        "此处不能发放该类证明。" "请选择其他种类，或到市区町村窗口申请。",
        "이 종류의 증명서는 여기서 발급할 수 없습니다." "다른 종류를 고르거나 시구정촌 창구에서 신청해 주십시오.",
        "The municipality does not offer this kind at this kind of terminal.";

    // Transport
    TerminalRefused "terminal-refused" Some(403), No,
        "この端末は、センターから利用を認められていません。" "係員にお知らせください。",
        "The center does not accept this terminal." "Please tell the staff.",
        "中心不允许使用本终端。" "请告知工作人员。",
        "센터가 이 단말기의 사용을 허용하지 않습니다." "직원에게 알려 주십시오.",
        "The client certificate names no terminal that may do this.";
    RequestMalformed "request-malformed" Some(400), Restart,
        "センターが、この端末の送った内容を理解できませんでした。" "最初からやり直してください。続く場合は係員にお知らせください。",
        "The center did not understand what this terminal sent." "Please start again; if it goes on, tell the staff.",
        "中心无法识别本终端发送的内容。" "请重新开始；如持续发生请告知工作人员。",
        "센터가 이 단말기에서 보낸 내용을 이해하지 못했습니다." "처음부터 다시 시작하고, 계속되면 직원에게 알려 주십시오.",
        "Not parseable: terminal and center may be of different versions.";
    RequestTooLarge "request-too-large" Some(413), Restart,
        "この端末の送った内容が大きすぎて、受け付けられませんでした。" "最初からやり直してください。続く場合は係員にお知らせください。",
        "What this terminal sent was too large to be accepted." "Please start again; if it goes on, tell the staff.",
        "本终端发送的内容过大，未被受理。" "请重新开始；如持续发生请告知工作人员。",
        "이 단말기에서 보낸 내용이 너무 커서 접수되지 않았습니다." "처음부터 다시 시작하고, 계속되면 직원에게 알려 주십시오.",
        "The body exceeds its limit.";
    RequestTimeout "request-timeout" Some(408), Repeat,
        "センターとの通信に時間がかかりすぎました。" "もう一度お試しください。続く場合は係員にお知らせください。",
        "Sending to the center took too long." "Please try again; if it goes on, tell the staff.",
        "与中心通信超时。" "请再试一次；如持续发生请告知工作人员。",
        "센터와의 통신에 시간이 너무 오래 걸렸습니다." "다시 시도하고, 계속되면 직원에게 알려 주십시오.",
        "A deadline passed before the request was complete.";
    NotFound "not-found" Some(404), No,
        "この端末の求めた機能が、センターにありません。" "係員にお知らせください。",
        "The center has no such function as this terminal asked for." "Please tell the staff.",
        "中心没有本终端所请求的功能。" "请告知工作人员。",
        "이 단말기가 요청한 기능이 센터에 없습니다." "직원에게 알려 주십시오.",
        "No such endpoint or method.";
    RecipientKeyUnknown "recipient-key-unknown" Some(421), Repeat,
        "通信の鍵が更新されました。" "もう一度お試しください。",
        "The encryption key has changed." "Please try again.",
        "通信密钥已更新。" "请再试一次。",
        "통신 키가 갱신되었습니다." "다시 시도해 주십시오.",
        "Sealed to a key that was rotated away or to another process.";
    SealInvalid "seal-invalid" Some(400), Restart,
        "暗号化して送った内容を、センターが開けませんでした。" "最初からやり直してください。",
        "The center could not open what was sent encrypted." "Please start again.",
        "中心无法解开加密发送的内容。" "请重新开始。",
        "암호화하여 보낸 내용을 센터가 열지 못했습니다." "처음부터 다시 시작해 주십시오.",
        "HPKE did not open: altered, or made for another path, terminal or connection.";

    // Enrolment of an app, before anybody applies
    KeystoreUnavailable "keystore-unavailable" None, Repeat,
        "端末の鍵の保管場所(キーストア)が応答しません。" "もう一度お試しください。続く場合は端末を再起動してください。",
        "The keystore of this device does not answer." "Please try again; if it goes on, restart the device.",
        "设备的密钥存储区没有响应。" "请再试一次；如仍出现，请重启设备。",
        "기기의 키 저장소가 응답하지 않습니다." "다시 시도하고, 계속되면 기기를 다시 시작해 주십시오.",
        "The device's keystore did not make or use a key.";
    EnrolmentExpired "enrolment-expired" Some(403), Repeat,
        "アプリの確認に時間がかかりすぎたため、確認を取り消しました。" "もう一度お試しください。",
        "Checking this app took too long, so the check was dropped." "Please try again.",
        "确认应用程序的时间过长，确认已取消。" "请再试一次。",
        "앱을 확인하는 데 시간이 너무 오래 걸려 확인이 취소되었습니다." "다시 시도해 주십시오.",
        "No nonce is open on this connection: none was asked for, it was used, or its time is over.";
    EnrolmentProofInvalid "enrolment-proof-invalid" Some(403), Repeat,
        "アプリの鍵が、この通信のものと確かめられませんでした。" "通信環境を確かめて、もう一度お試しください。",
        "The key of this app could not be tied to this connection." "Please check your network, and try again.",
        "无法确认应用程序的密钥属于本次通信。" "请检查网络环境，然后再试一次。",
        "앱의 키가 이 통신의 것인지 확인되지 않았습니다." "통신 환경을 확인하고 다시 시도해 주십시오.",
        "The attested key's signature over nonce and exporter does not verify: somebody may be in between.";
    AttestationInvalid "attestation-invalid" Some(403), No,
        "端末が出した証明から、正しい端末とアプリであることを読み取れませんでした。" "市区町村の窓口またはコンビニの端末で申請してください。",
        "The statement that this device made about its key is not one that can be relied on." "Please apply at the municipality's counter, or at a kiosk.",
        "无法根据设备出具的证明确认其为合格的设备。" "请到市区町村窗口或便利店的终端申请。",
        "기기가 제시한 증명을 신뢰할 수 있는 것으로 확인하지 못했습니다." "시구정촌 창구나 편의점 단말기에서 신청해 주십시오.",
        "The attestation is malformed, of no configured root, expired, for another challenge, or for another kind of key.";
    AttestationRevoked "attestation-revoked" Some(403), No,
        "この機種の安全の証明は、メーカーによって取り消されています。" "端末のソフトウェアを更新するか、市区町村の窓口で申請してください。",
        "The maker has withdrawn what vouches for the safety of this device." "Please update the device's software, or apply at the municipality's counter.",
        "制造商已撤销对本设备的安全担保。" "请更新设备软件，或到市区町村窗口申请。",
        "제조사가 이 기기의 안전성 보증을 철회했습니다." "기기의 소프트웨어를 업데이트하거나 시구정촌 창구에서 신청해 주십시오.",
        "A key of the attestation's chain is on the status list.";
    AttestationUnavailable "attestation-unavailable" Some(503), Repeat,
        "センターが、いま端末の確認を行えません。" "しばらくしてから、もう一度お試しください。",
        "The center cannot check devices at the moment." "Please try again later.",
        "中心目前无法核查设备。" "请稍后再试。",
        "센터에서 지금은 기기를 확인할 수 없습니다." "잠시 후 다시 시도해 주십시오.",
        "The status list of attestation keys is too old or unreadable: fetch it.";
    KeystoreNotHardware "keystore-not-hardware" Some(403), No,
        "この端末には、鍵を安全に守る専用の部品がありません。" "ほかの端末を使うか、市区町村の窓口で申請してください。",
        "This device has no hardware that keeps keys safe." "Please use another device, or apply at the municipality's counter.",
        "本设备没有安全保管密钥的专用硬件。" "请使用其他设备，或到市区町村窗口申请。",
        "이 기기에는 키를 안전하게 지키는 전용 하드웨어가 없습니다." "다른 기기를 사용하거나 시구정촌 창구에서 신청해 주십시오.",
        "Attestation or key is at the software level.";
    DeviceModified "device-modified" Some(403), No,
        "この端末の基本ソフトは、メーカーが出荷したものから変えられています。" "改造していない端末を使うか、市区町村の窓口で申請してください。",
        "The system of this device is not as its maker shipped it." "Please use an unmodified device, or apply at the municipality's counter.",
        "本设备的系统与制造商出厂时不同。" "请使用未经改装的设备，或到市区町村窗口申请。",
        "이 기기의 시스템이 제조사가 출고한 상태와 다릅니다." "개조하지 않은 기기를 사용하거나 시구정촌 창구에서 신청해 주십시오.",
        "The bootloader is unlocked, or the boot state is not verified.";
    AppNotGenuine "app-not-genuine" Some(403), No,
        "このアプリは、配布元が公開した正規のものではありません。" "このアプリを削除し、公式の配布元から入れ直してください。",
        "This app is not the one that its publisher released." "Please delete it, and install the app from its official source.",
        "本应用程序不是发布者公开的正版。" "请删除后从官方渠道重新安装。",
        "이 앱은 배포자가 공개한 정식 앱이 아닙니다." "이 앱을 삭제하고 공식 배포처에서 다시 설치해 주십시오.",
        "Another package, or another signer than the configured ones.";

    // Evidence
    ChallengeExpired "challenge-expired" Some(403), Restart,
        "カードの確認に時間がかかりすぎました。" "最初からやり直して、カードを置き直してください。",
        "Checking the card took too long." "Please start again, and place the card anew.",
        "核验卡的时间过长。" "请重新开始，并重新放置卡。",
        "카드 확인에 시간이 너무 오래 걸렸습니다." "처음부터 다시 시작하여 카드를 다시 올려 주십시오.",
        "No open challenge on this connection, used already, or older than 60 seconds.";
    EvidenceMalformed "evidence-malformed" Some(400), Restart,
        "センターが、カードから届いた情報の形式を解釈できませんでした。" "最初からやり直してください。続く場合は係員にお知らせください。",
        "The center could not make out the format of the card's data." "Please start again; if it goes on, tell the staff.",
        "中心无法解析卡传来的数据格式。" "请重新开始；如持续发生请告知工作人员。",
        "센터가 카드에서 받은 정보의 형식을 해석하지 못했습니다." "처음부터 다시 시작하고, 계속되면 직원에게 알려 주십시오.",
        "The evidence does not parse.";
    CardIssuerUnknown "card-issuer-unknown" Some(403), No,
        "カードの発行元を確認できません。" "お住まいの市区町村の窓口にご相談ください。",
        "The card's issuer could not be verified." "Please ask the municipality where you live.",
        "无法确认该卡的发行方。" "请咨询居住地的市区町村窗口。",
        "카드 발급처를 확인할 수 없습니다." "거주하시는 시구정촌 창구에 문의해 주십시오.",
        "No trust anchor has this key id, or the signer's certificate does not verify under it.";
    CardSignerRefused "card-signer-refused" Some(403), No,
        "このカードの署名は、現在受け付けられません。" "お住まいの市区町村の窓口にご相談ください。",
        "This card's signature is not accepted at present." "Please ask the municipality where you live.",
        "目前不接受该卡的签名。" "请咨询居住地的市区町村窗口。",
        "현재 이 카드의 서명은 받을 수 없습니다." "거주하시는 시구정촌 창구에 문의해 주십시오.",
        "The municipal signer is on the list of refused signers.";
    CardDataAltered "card-data-altered" Some(403), No,
        "カードの署名が、カードの情報と合いません。" "お住まいの市区町村の窓口にご相談ください。",
        "The card's signature does not match its data." "Please ask the municipality where you live.",
        "卡的签名与数据不符。" "请咨询居住地的市区町村窗口。",
        "카드의 서명이 데이터와 일치하지 않습니다." "거주하시는 시구정촌 창구에 문의해 주십시오.",
        "A digest or the signature over the card's files does not verify.";
    CardNotGenuine "card-not-genuine" Some(403), No,
        "本物のカードであることを確認できませんでした。" "お住まいの市区町村の窓口にご相談ください。",
        "The card could not be proven genuine." "Please ask the municipality where you live.",
        "无法确认该卡为真卡。" "请咨询居住地的市区町村窗口。",
        "진짜 카드인지 확인할 수 없습니다." "거주하시는 시구정촌 창구에 문의해 주십시오.",
        "The answer to the challenge does not verify: a copy, a replay, or files swapped on the way.";
    CardBindingInvalid "card-binding-invalid" Some(403), No,
        "カードの二つの記録が一致しません。" "お住まいの市区町村の窓口にご相談ください。",
        "Two records of the card do not agree." "Please ask the municipality where you live.",
        "卡内两项记录不一致。" "请咨询居住地的市区町村窗口。",
        "카드의 두 기록이 일치하지 않습니다." "거주하시는 시구정촌 창구에 문의해 주십시오.",
        "The surface AP's part of the evidence does not verify or names another birth date.";
    CardBindingMissing "card-binding-missing" Some(403), No,
        "このカードから、確認に必要な情報の一部(券面事項)が得られませんでした。" "もう一度お試しになり、続く場合は、お住まいの市区町村の窓口にご相談ください。",
        "This card did not give part of what is needed to verify it." "Please try once more; if it goes on, ask the municipality where you live.",
        "该卡未能提供核验所需的部分信息（券面事项）。" "请再试一次；如仍出现，请咨询居住地的市区町村窗口。",
        "이 카드는 확인에 필요한 정보의 일부(권면사항)를 제공하지 못했습니다." "한 번 더 시도하고, 계속되면 거주하시는 시구정촌 창구에 문의해 주십시오.",
        "The evidence has no surface part: the card has no surface AP, it refused the birth code, or too few tries of that are left.";

    // Ticket, inquiry
    TicketInvalid "ticket-invalid" Some(403), Restart,
        "本人確認の結果を、この端末のものと確認できません。" "最初からやり直してください。",
        "The proof of your identity was not made for this terminal." "Please start again.",
        "本人认证结果不属于本终端。" "请重新开始。",
        "본인 확인 결과가 이 단말기의 것인지 확인할 수 없습니다." "처음부터 다시 시작해 주십시오.",
        "The ticket does not open, or belongs to another terminal, center or session.";
    TicketExpired "ticket-expired" Some(403), Restart,
        "本人確認から、時間がたちすぎました。" "最初からやり直してください。",
        "Your identity was checked too long ago." "Please start again.",
        "距本人认证时间过长。" "请重新开始。",
        "본인 확인 후 시간이 너무 많이 지났습니다." "처음부터 다시 시작해 주십시오.",
        "The ticket is older than ten minutes.";
    SessionProofInvalid "session-proof-invalid" Some(403), Restart,
        "送られた操作が、同じ申請のものと証明できませんでした。" "最初からやり直してください。",
        "This step could not be tied to your application." "Please start again.",
        "无法证明该操作属于同一申请。" "请重新开始。",
        "요청이 같은 신청의 것임을 증명하지 못했습니다." "처음부터 다시 시작해 주십시오.",
        "The session key's signature does not verify.";
    TooManyMunicipalities "too-many-municipalities" Some(403), Restart,
        "一度の手続きで選べる市区町村は3つまでです。" "最初からやり直してください。",
        "One application may ask three municipalities at most." "Please start again.",
        "一次手续最多可查询3个市区町村。" "请重新开始。",
        "한 번의 절차에서 조회할 수 있는 시구정촌은 3곳까지입니다." "처음부터 다시 시작해 주십시오.",
        "A ticket was used for a fourth municipality.";
    NoSuchPerson "no-such-person" Some(404), No,
        "あなたは、この市区町村の住民として登録されていません。" "接種を受けたときにお住まいだった市区町村を選んでください。",
        "You are not registered in this municipality." "Please choose the one where you lived when vaccinated.",
        "该市区町村没有您的登记。" "请选择接种时居住的市区町村。",
        "이 시구정촌에는 등록되어 있지 않습니다." "접종 당시 거주하던 시구정촌을 선택해 주십시오.",
        "VRS states that no such person is registered in this municipality.";
    NoRecord "no-record" Some(404), No,
        "この市区町村には、あなたの接種記録がありません。" "接種を受けたときの市区町村を確かめて、選び直してください。",
        "This municipality holds no vaccination record for you." "Please check the municipality, and choose again.",
        "该市区町村没有您的接种记录。" "请确认接种时的市区町村，并重新选择。",
        "이 시구정촌에는 접종 기록이 없습니다." "접종 당시의 시구정촌을 확인하고 다시 선택해 주십시오.",
        "The person is registered, without any dose of this programme.";
    ConfirmationNeeded "confirmation-needed" Some(409), No,
        "記録について、市区町村の確認が必要です。" "その市区町村の窓口にお問い合わせください。",
        "The municipality has to confirm your record first." "Please ask the municipality's counter.",
        "您的记录需要市区町村确认。" "请咨询该市区町村窗口。",
        "기록에 대해 시구정촌의 확인이 필요합니다." "해당 시구정촌 창구에 문의해 주십시오.",
        "The record is flagged, or its birth date differs from the card's.";
    MovedOut "moved-out" Some(409), No,
        "記録に、転出の届け出があります。" "その市区町村の窓口にお問い合わせください。",
        "The record says you moved away." "Please ask the municipality's counter.",
        "记录显示您已迁出。" "请咨询该市区町村窗口。",
        "전출 기록이 있습니다." "해당 시구정촌 창구에 문의해 주십시오.",
        "転出 is set, and the municipality does not issue after it.";
    Deceased "deceased" Some(409), No,
        "この方の証明書は、この端末では交付できません。" "その市区町村の窓口にお問い合わせください。",
        "For this person no certificate can be issued at a kiosk." "Please ask the municipality's counter.",
        "无法在本终端发放此人的证明。" "请咨询该市区町村窗口。",
        "이 분의 증명서는 이 단말기에서 발급할 수 없습니다." "해당 시구정촌 창구에 문의해 주십시오.",
        "死亡 is set.";
    IssuingStopped "issuing-stopped" Some(409), No,
        "記録の利用停止の申し出があるため、発行できません。" "その市区町村の窓口にお問い合わせください。",
        "Use of the record was stopped on request." "Please ask the municipality's counter.",
        "根据申请，该记录已停止使用，无法发放。" "请咨询该市区町村窗口。",
        "기록 이용 정지 신청이 있어 발급할 수 없습니다." "해당 시구정촌 창구에 문의해 주십시오.",
        "利用停止 is set for the person.";
    RecordsUnavailable "records-unavailable" Some(503), Repeat,
        "接種記録を確認できませんでした(記録がないという意味ではありません)。" "しばらくしてからお試しください。",
        "Records could not be looked up; this does not mean there are none." "Please try again later.",
        "无法查询接种记录（并不表示没有记录）。" "请稍后再试。",
        "접종 기록을 조회할 수 없었습니다(기록이 없다는 뜻은 아닙니다)." "잠시 후 다시 시도해 주십시오.",
        "VRS, its database or its sentinel failed.";

    // Passport
    PassportUnreadable "passport-unreadable" Some(422), No,
        "旅券の機械読取部分を、正しく読み取れませんでした。" "顔写真のページを平らにして、光が反射しないように、もう一度読み取ってください。",
        "The machine-readable lines of the passport could not be read correctly." "Please lay the photo page flat, without glare, and read it again.",
        "未能正确读取护照的机读区。" "请将照片页放平，避免反光，然后重新读取。",
        "여권의 기계 판독 부분을 바르게 읽지 못했습니다." "사진이 있는 면을 평평하게 하고 빛이 반사되지 않게 하여 다시 읽어 주십시오.",
        "Not the two lines of a TD3 document, or a check digit does not fit.";
    PassportGlare "passport-glare" None, No,
        "旅券の機械読取部分に、光が反射しています。" "旅券の向きや照明の位置を変えて、もう一度撮影してください。",
        "Light is reflected in the machine-readable lines of the passport." "Please change the angle of the passport or of the light, and take the picture again.",
        "护照的机读区有反光。" "请调整护照或灯光的角度，然后重新拍摄。",
        "여권의 기계 판독 부분에 빛이 반사되어 있습니다." "여권이나 조명의 각도를 바꾸어 다시 촬영해 주십시오.",
        "A reflection over the passport's machine-readable lines.";
    PassportSkewed "passport-skewed" None, No,
        "旅券が、斜めから撮影されています。" "旅券の真上から、もう一度撮影してください。",
        "The passport was photographed too much from the side." "Please hold the camera straight above the passport, and take the picture again.",
        "护照的拍摄角度太斜。" "请从护照正上方重新拍摄。",
        "여권이 너무 비스듬히 촬영되었습니다." "여권 바로 위에서 다시 촬영해 주십시오.",
        "The passport's page is seen too much from the side to be read.";
    PassportBlurred "passport-blurred" None, No,
        "旅券の画像がぼやけているか、小さすぎます。" "旅券に近づけて動かさないようにし、もう一度撮影してください。",
        "The picture of the passport is blurred, or the passport is too small in it." "Please move closer, hold still, and take the picture again.",
        "护照的图像模糊或太小。" "请靠近护照并保持稳定，然后重新拍摄。",
        "여권의 사진이 흐리거나 너무 작습니다." "여권에 가까이 대고 움직이지 않게 하여 다시 촬영해 주십시오.",
        "Out of focus, moved, or too few dots for a character.";
    PassportDark "passport-dark" None, No,
        "旅券の画像が、暗すぎます。" "明るい場所で、もう一度撮影してください。",
        "The picture of the passport is too dark." "Please go where there is more light, and take the picture again.",
        "护照的图像太暗。" "请在明亮的地方重新拍摄。",
        "여권의 사진이 너무 어둡습니다." "밝은 곳에서 다시 촬영해 주십시오.",
        "Too little light on the passport's page.";
    PassportCutOff "passport-cut-off" None, No,
        "顔写真のページの下にある2行が、画像に収まっていません。" "ページ全体が入るように、もう一度撮影してください。",
        "The two lines at the foot of the photo page are not whole in the picture." "Please take the picture again with the whole page in it.",
        "照片页下方的两行没有完整地拍进图像。" "请将整页拍入画面，重新拍摄。",
        "사진이 있는 면 아래의 두 줄이 사진에 모두 들어 있지 않습니다." "면 전체가 들어오도록 다시 촬영해 주십시오.",
        "No machine-readable lines in the picture, or not all of them.";
    PassportOtherDocument "passport-other-document" Some(422), No,
        "読み取った書類は、旅券ではありません。" "旅券の顔写真のページを読み取ってください。",
        "The document that was read is not a passport." "Please read the photo page of your passport.",
        "读取的证件不是护照。" "请读取护照的照片页。",
        "읽은 문서는 여권이 아닙니다." "여권의 사진이 있는 면을 읽어 주십시오.",
        "A travel document of another kind: the first letter of its machine-readable zone is not P.";
    PassportExpired "passport-expired" Some(422), No,
        "旅券の有効期間が過ぎています。" "海外用には、有効な旅券をご用意ください。国内用の証明書は申請できます。",
        "This passport has expired." "Please use a valid passport for a certificate for abroad. You can still apply for one for use in Japan.",
        "护照已过有效期。" "申请海外用证明请使用有效的护照。国内用证明仍可申请。",
        "이 여권은 유효기간이 끝나서 사용할 수 없습니다." "해외용은 유효한 여권으로 신청해 주십시오. 국내용 증명서는 신청할 수 있습니다.",
        "The passport's last day has passed. Only the certificate for abroad needs a valid one.";
    PassportNotYours "passport-not-yours" Some(409), No,
        "旅券の生年月日が、マイナンバーカードと合いません。" "ご本人の旅券を読み取ってください。続く場合は市区町村の窓口にご相談ください。",
        "The date of birth in the passport is not that of the My Number Card." "Please read your own passport; if it goes on, ask your municipality's counter.",
        "护照的出生日期与个人编号卡不符。" "请读取您本人的护照；如仍出现，请咨询市区町村窗口。",
        "여권의 생년월일이 마이넘버 카드와 다릅니다." "본인의 여권을 읽고, 계속되면 시구정촌 창구에 문의해 주십시오.",
        "Somebody else's passport, or one of the two documents states another birth date.";
    PassportNotRegistered "passport-not-registered" Some(409), No,
        "この端末で海外用の証明書を発行できるのは、以前に同じ旅券で、アプリまたは窓口で交付を受けた方に限られます。" "アプリまたは市区町村の窓口で申請してください。",
        "This terminal issues certificates for abroad only to people who have had one from the app or the counter with the same passport." "Please apply with the app, or at the municipality's counter.",
        "只有曾以同一护照通过应用程序或窗口领取过证明的人，才能在本终端申请海外用证明。" "请使用应用程序或到市区町村窗口申请。",
        "이 단말기에서는 이전에 같은 여권으로 앱 또는 창구에서 증명서를 받은 분만 해외용을 발급받을 수 있습니다." "앱 또는 시구정촌 창구에서 신청해 주십시오.",
        "VRS states that its register of issues has no certificate for abroad of this person since 2022-07-21 by app or counter, or none with this passport.";

    // Certificate
    TooManyDoses "too-many-doses" Some(422), No,
        "接種回数が多く、1枚の証明書に収まりません。" "市区町村の窓口で申請してください。",
        "There are too many doses for one certificate." "Please apply at the municipality's counter.",
        "接种次数过多，无法放入一张证明。" "请到市区町村窗口申请。",
        "접종 횟수가 많아 증명서 한 장에 담을 수 없습니다." "시구정촌 창구에서 신청해 주십시오.",
        "More than seven doses.";
    CertificateTooLarge "certificate-too-large" Some(422), No,
        "内容が長く、二次元コードに収まりません。" "市区町村の窓口で申請してください。",
        "The content does not fit into the QR code." "Please apply at the municipality's counter.",
        "内容过长，无法放入二维码。" "请到市区町村窗口申请。",
        "내용이 길어 QR 코드에 담을 수 없습니다." "시구정촌 창구에서 신청해 주십시오.",
        "The JWS exceeds 1195 characters, or the VDS-NC 1732 bytes: seven doses of several products with long lot numbers.";
    CharacterUnsupported "character-unsupported" Some(422), No,
        "お名前の文字{character}を印字できません。" "市区町村の窓口で申請してください。",
        "The character {character} of your name cannot be printed." "Please apply at the municipality's counter.",
        "无法打印姓名中的文字{character}。" "请到市区町村窗口申请。",
        "성명의 문자 {character}를 인쇄할 수 없습니다." "시구정촌 창구에서 신청해 주십시오.",
        "No configured font has a glyph for a character of the name.";
    VaccineUnknown "vaccine-unknown" Some(422), No,
        "記録にあるワクチンの名称を、証明書に記載できません。" "その市区町村の窓口にお問い合わせください。",
        "A vaccine in the record is not known to this certificate." "Please ask the municipality's counter.",
        "记录中的疫苗名称无法记载在证明上。" "请咨询该市区町村窗口。",
        "기록에 있는 백신 이름을 증명서에 기재할 수 없습니다." "해당 시구정촌 창구에 문의해 주십시오.",
        "No row of the programme's vaccine table holds for this name and date.";
    StateInvalid "state-invalid" Some(403), Restart,
        "センターが再起動したなどの理由で、手続きの続きを開けません。" "最初からやり直してください。",
        "The center was restarted, or cannot open this application for another reason." "Please start again.",
        "由于中心重启等原因，无法打开该手续的后续步骤。" "请重新开始。",
        "센터가 다시 시작되는 등의 이유로 절차를 이어서 열 수 없습니다." "처음부터 다시 시작해 주십시오.",
        "The sealed state does not open: other terminal, other process, or the center was restarted.";
    StateExpired "state-expired" Some(403), Restart,
        "証明書の内容を表示してから、時間がたちすぎました。" "最初からやり直してください。",
        "The content of the certificate was shown too long ago." "Please start again.",
        "显示证明内容后时间过长。" "请重新开始。",
        "증명서 내용을 표시한 후 시간이 너무 많이 지났습니다." "처음부터 다시 시작해 주십시오.",
        "The sealed state is older than fifteen minutes.";
    RecordChanged "record-changed" Some(409), Restart,
        "内容を確認している間に、記録が変わりました。" "最初からやり直して、内容を確かめてください。",
        "The record changed in the meantime." "Please start again, and check the content.",
        "确认期间记录已变更。" "请重新开始，并确认内容。",
        "확인하는 사이에 기록이 변경되었습니다." "처음부터 다시 시작하여 내용을 확인해 주십시오.",
        "The record version differs from the preview's.";
    RegistrationConflict "registration-conflict" Some(409), Restart,
        "同じ番号の証明書がすでに登録されています。" "最初からやり直してください。",
        "A certificate with this id is registered already." "Please start again.",
        "相同编号的证明已登记。" "请重新开始。",
        "같은 번호의 증명서가 이미 등록되어 있습니다." "처음부터 다시 시작해 주십시오.",
        "Same certificate id, other content.";
    RegistrationLapsed "registration-lapsed" Some(409), Restart,
        "受け取りの時間を過ぎたため、この証明書は無効になりました。" "最初からやり直してください。",
        "The certificate was not handed over in time and is void." "Please start again.",
        "未在规定时间内领取，该证明已失效。" "请重新开始。",
        "수령 시간이 지나 이 증명서는 무효가 되었습니다." "처음부터 다시 시작해 주십시오.",
        "Reserved for more than ten minutes without hand-over, or revoked.";
    SigningStopped "signing-stopped" Some(503), No,
        "センターが、証明書への署名を停止しています。" "しばらくしてからお越しください。",
        "Signing is stopped at the center." "Please come back later.",
        "中心已停止对证明签名。" "请稍后再来。",
        "센터가 증명서 서명을 중지하고 있습니다." "나중에 다시 이용해 주십시오.",
        "A signature did not verify before leaving: check the key and the machine.";
    InternalError "internal-error" Some(500), Restart,
        "システムの自己点検に合わないことがあり、手続きを止めました。" "最初からやり直してください。続く場合は係員にお知らせください。",
        "A self-check of the system failed, so the application was stopped." "Please start again; if it goes on, tell the staff.",
        "系统自检未通过，已停止办理。" "请重新开始；如持续发生请告知工作人员。",
        "시스템 자체 점검을 통과하지 못하여 절차를 중지했습니다." "처음부터 다시 시작하고, 계속되면 직원에게 알려 주십시오.",
        "An invariant did not hold: look at the process's log.";
}
