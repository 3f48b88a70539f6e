//! What the app says of a problem: what `issuance_api::problem` says, but where that speaks of a kiosk. At home there is no staff, and nobody comes by.

use issuance_api::ProblemCode;
use issuance_api::problem::Language;

/// What has happened; `{…}` are placeholders as in [`ProblemCode::happened`].
#[must_use]
pub fn happened(code: ProblemCode, language: Language) -> &'static str {
    other(code).map_or_else(
        || code.happened(language),
        |(happened, _)| happened[place(language)],
    )
}

/// What the resident can do about it.
#[must_use]
pub fn advice(code: ProblemCode, language: Language) -> &'static str {
    other(code).map_or_else(
        || code.advice(language),
        |(_, advice)| advice[place(language)],
    )
}

/// In the order of [`Language::ALL`].
fn place(language: Language) -> usize {
    match language {
        Language::Ja => 0,
        Language::En => 1,
        Language::Zh => 2,
        Language::Ko => 3,
    }
}

macro_rules! at_home {
    ($($code:ident $ja:literal $ja_advice:literal, $en:literal $en_advice:literal, $zh:literal $zh_advice:literal, $ko:literal $ko_advice:literal;)*) => {
        /// What is said at home instead, in each language.
        const fn other(code: ProblemCode) -> Option<([&'static str; 4], [&'static str; 4])> {
            match code {
                $(ProblemCode::$code => Some(([$ja, $en, $zh, $ko], [$ja_advice, $en_advice, $zh_advice, $ko_advice])),)*
                _ => None,
            }
        }
    };
}

at_home! {
    ReaderServiceUnavailable
        "カードリーダーを動かすサービス(pcscd)が応答していません。" "この機器を再起動して、もう一度お試しください。",
        "The card reader service (pcscd) does not answer." "Please restart this device, and try again.",
        "读卡器服务（pcscd）没有响应。" "请重启本设备，然后再试一次。",
        "카드 리더 서비스(pcscd)가 응답하지 않습니다." "이 기기를 다시 시작한 뒤 다시 시도해 주십시오.";
    ReaderUntrusted
        "この機器では、カードリーダーとの通信がほかのプログラムに記録されるおそれがあり、暗証番号を安全に扱えません。" "カードリーダーの記録や監視の設定を外してから、もう一度お試しください。",
        "On this device other programs may record what goes to the card reader, so your PIN would not be safe." "Please switch off any logging or spying of the card reader, and try again.",
        "在本设备上，与读卡器的通信可能被其他程序记录，无法安全处理您的密码。" "请关闭对读卡器的记录或监视设置，然后再试一次。",
        "이 기기에서는 카드 리더와의 통신이 다른 프로그램에 기록될 수 있어 비밀번호를 안전하게 다룰 수 없습니다." "카드 리더의 기록·감시 설정을 끄고 다시 시도해 주십시오.";
    NoReader
        "カードリーダーが見つかりません。" "カードリーダーをこの機器につないで、もう一度お試しください。",
        "No card reader was found." "Please connect a card reader to this device, and try again.",
        "找不到读卡器。" "请将读卡器连接到本设备，然后再试一次。",
        "카드 리더를 찾을 수 없습니다." "카드 리더를 이 기기에 연결하고 다시 시도해 주십시오.";
    CardInUse
        "ほかのプログラムがカードを使っています。" "カードを使っているほかのプログラムを終了して、もう一度お試しください。",
        "Another program is using the card." "Please close other programs that use the card, and try again.",
        "其他程序正在使用该卡。" "请关闭正在使用该卡的其他程序，然后再试一次。",
        "다른 프로그램이 카드를 사용하고 있습니다." "카드를 사용 중인 다른 프로그램을 종료하고 다시 시도해 주십시오.";
    ContentMismatch
        "届いた証明書の内容がカードの内容と合わないため、受け取りませんでした。" "アプリを終了し、アプリの提供元にお問い合わせください。",
        "The certificate that came did not match your card, and was not taken." "Please close the app, and ask its publisher.",
        "收到的证明内容与您的卡不符，未予接收。" "请关闭应用程序，并咨询其提供方。",
        "받은 증명서의 내용이 카드와 일치하지 않아 받지 않았습니다." "앱을 종료하고 앱 제공처에 문의해 주십시오.";
    CertificateUnreadable
        "証明書の二次元コードを確認できなかったため、受け取りませんでした。" "最初からやり直してください。続く場合はアプリの提供元にお問い合わせください。",
        "The certificate's QR code could not be read back, so it was not taken." "Please start again; if it goes on, ask the app's publisher.",
        "无法读取证明的二维码，未予接收。" "请重新开始；如持续发生请咨询应用程序提供方。",
        "증명서의 QR 코드를 확인할 수 없어 받지 않았습니다." "처음부터 다시 시작하고, 계속되면 앱 제공처에 문의해 주십시오.";
    OutputFailed
        "証明書をこの機器に保存できませんでした。" "空き容量を確かめて、もう一度お試しください。",
        "The certificate could not be saved on this device." "Please check that there is free space, and try again.",
        "无法将证明保存到本设备。" "请确认可用空间，然后再试一次。",
        "증명서를 이 기기에 저장할 수 없었습니다." "저장 공간을 확인하고 다시 시도해 주십시오.";
    OutsideHours
        "ただいまは受付時間外です。保存した証明書は表示できます。" "受付時間を確かめて、その間にお試しください。",
        "Applications are not taken at this hour. Certificates that you have can be shown." "Please check the hours of service, and try again within them.",
        "现在不在受理时间内。已保存的证明仍可显示。" "请确认受理时间后再试。",
        "지금은 접수 시간이 아닙니다. 저장한 증명서는 표시할 수 있습니다." "접수 시간을 확인하고 그 시간에 다시 시도해 주십시오.";
    Maintenance
        "ただいま保守作業のため、発行を休止しています。保存した証明書は表示できます。" "後ほどお試しください。",
        "Issuing is under maintenance. Certificates that you have can be shown." "Please try again later.",
        "系统维护中，暂停发放。已保存的证明仍可显示。" "请稍后再试。",
        "점검 중이라 발급을 쉬고 있습니다. 저장한 증명서는 표시할 수 있습니다." "나중에 다시 시도해 주십시오.";
    CenterUnreachable
        "証明書交付センターにつながりません。保存した証明書は表示できます。" "通信環境を確かめ、しばらくしてからお試しください。",
        "The issuance center cannot be reached. Certificates that you have can be shown." "Please check your network, and try again later.",
        "无法连接证明发放中心。已保存的证明仍可显示。" "请检查网络环境，稍后再试。",
        "증명서 발급 센터에 연결할 수 없습니다. 저장한 증명서는 표시할 수 있습니다." "통신 환경을 확인하고 잠시 후 다시 시도해 주십시오.";
    MunicipalityNotTakingPart
        "この市区町村は、アプリによる交付に参加していません。" "その市区町村の窓口で申請してください。",
        "This municipality does not issue certificates by app." "Please apply at that municipality's counter.",
        "该市区町村未参加应用程序发放。" "请到该市区町村的窗口申请。",
        "이 시구정촌은 앱 발급에 참가하지 않습니다." "해당 시구정촌 창구에서 신청해 주십시오.";
    TerminalRefused
        "このアプリは、センターから利用を認められていません。" "アプリの提供元にお問い合わせください。",
        "The center does not accept this app." "Please ask the app's publisher.",
        "中心不允许使用本应用程序。" "请咨询应用程序提供方。",
        "센터가 이 앱의 사용을 허용하지 않습니다." "앱 제공처에 문의해 주십시오.";
    RequestMalformed
        "センターが、アプリの送った内容を理解できませんでした。" "アプリを最新のものに更新し、最初からやり直してください。",
        "The center did not understand what the app sent." "Please update the app, and start again.",
        "中心无法识别应用程序发送的内容。" "请更新应用程序后重新开始。",
        "센터가 앱에서 보낸 내용을 이해하지 못했습니다." "앱을 업데이트하고 처음부터 다시 시작해 주십시오.";
    RequestTooLarge
        "アプリの送った内容が大きすぎて、受け付けられませんでした。" "最初からやり直してください。続く場合はアプリの提供元にお問い合わせください。",
        "What the app sent was too large to be accepted." "Please start again; if it goes on, ask the app's publisher.",
        "应用程序发送的内容过大，未被受理。" "请重新开始；如持续发生请咨询应用程序提供方。",
        "앱에서 보낸 내용이 너무 커서 접수되지 않았습니다." "처음부터 다시 시작하고, 계속되면 앱 제공처에 문의해 주십시오.";
    RequestTimeout
        "センターとの通信に時間がかかりすぎました。" "通信環境を確かめて、もう一度お試しください。",
        "Sending to the center took too long." "Please check your network, and try again.",
        "与中心通信超时。" "请检查网络环境，然后再试一次。",
        "센터와의 통신에 시간이 너무 오래 걸렸습니다." "통신 환경을 확인하고 다시 시도해 주십시오.";
    NotFound
        "アプリの求めた機能が、センターにありません。" "アプリを最新のものに更新してください。",
        "The center has no such function as the app asked for." "Please update the app.",
        "中心没有应用程序所请求的功能。" "请更新应用程序。",
        "앱이 요청한 기능이 센터에 없습니다." "앱을 업데이트해 주십시오.";
    EvidenceMalformed
        "センターが、カードから届いた情報の形式を解釈できませんでした。" "最初からやり直してください。続く場合はアプリの提供元にお問い合わせください。",
        "The center could not make out the format of the card's data." "Please start again; if it goes on, ask the app's publisher.",
        "中心无法解析卡传来的数据格式。" "请重新开始；如持续发生请咨询应用程序提供方。",
        "센터가 카드에서 받은 정보의 형식을 해석하지 못했습니다." "처음부터 다시 시작하고, 계속되면 앱 제공처에 문의해 주십시오.";
    Deceased
        "この方の証明書は、アプリでは交付できません。" "その市区町村の窓口にお問い合わせください。",
        "For this person no certificate can be issued by app." "Please ask the municipality's counter.",
        "无法通过应用程序发放此人的证明。" "请咨询该市区町村窗口。",
        "이 분의 증명서는 앱으로 발급할 수 없습니다." "해당 시구정촌 창구에 문의해 주십시오.";
    SigningStopped
        "センターが、証明書への署名を停止しています。" "しばらくしてからお試しください。",
        "Signing is stopped at the center." "Please try again later.",
        "中心已停止对证明签名。" "请稍后再试。",
        "센터가 증명서 서명을 중지하고 있습니다." "나중에 다시 시도해 주십시오.";
    PassportNotRegistered
        "海外用の証明書を、この旅券では発行できません。" "旅券をもう一度読み取るか、市区町村の窓口で申請してください。",
        "No certificate for abroad can be issued with this passport." "Please read the passport once more, or apply at the municipality's counter.",
        "无法以此护照发放海外用证明。" "请重新读取护照，或到市区町村窗口申请。",
        "이 여권으로는 해외용 증명서를 발급할 수 없습니다." "여권을 다시 읽거나 시구정촌 창구에서 신청해 주십시오.";
    InternalError
        "アプリまたはセンターの自己点検に合わないことがあり、手続きを止めました。" "最初からやり直してください。続く場合はアプリの提供元にお問い合わせください。",
        "A self-check of the app or the center failed, so the application was stopped." "Please start again; if it goes on, ask the app's publisher.",
        "应用程序或中心的自检未通过，已停止办理。" "请重新开始；如持续发生请咨询应用程序提供方。",
        "앱 또는 센터의 자체 점검을 통과하지 못하여 절차를 중지했습니다." "처음부터 다시 시작하고, 계속되면 앱 제공처에 문의해 주십시오.";
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What only a kiosk can have: a printer, a cabinet.
    fn is_of_kiosks(code: ProblemCode) -> bool {
        ["printer-", "payment-", "sensor-"]
            .iter()
            .any(|part| code.as_str().starts_with(part))
    }

    #[test]
    fn nobody_at_home_is_sent_to_a_kiosks_staff() {
        let words = [
            "係員",
            "お越し",
            "staff",
            "ome back",
            "at a kiosk.",
            "工作人员",
            "직원",
        ];
        for code in ProblemCode::ALL.iter().filter(|code| !is_of_kiosks(**code)) {
            for language in Language::ALL {
                let said = format!("{} {}", happened(*code, language), advice(*code, language));
                // Whose device cannot be trusted is sent to a kiosk on purpose.
                let sent = *code == ProblemCode::AttestationInvalid;
                for word in words {
                    assert!(
                        sent || !said.contains(word),
                        "{}, {language:?}: {said}",
                        code.as_str()
                    );
                }
            }
        }
    }

    /// As the kiosk's have to be (`text/problems.rs`).
    #[test]
    fn what_is_said_at_home_says_a_next_step_and_keeps_the_placeholders() {
        for code in ProblemCode::ALL
            .iter()
            .filter(|code| other(**code).is_some())
        {
            for (language, asks) in
                Language::ALL
                    .into_iter()
                    .zip(["ください", "Please ", "请", "십시오"])
            {
                let (said, advice) = (happened(*code, language), advice(*code, language));
                assert!(advice.contains(asks), "{}: {advice}", code.as_str());
                assert!(!said.contains('{') && !code.happened(language).contains('{'));
                for sentence in [said, advice] {
                    assert!(sentence.ends_with(['。', '.']), "{sentence}");
                }
            }
        }
    }
}
