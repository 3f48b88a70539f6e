//! What a front end says, by language. Problems have their own texts in `issuance_api::problem`.

use issuance_api::problem::Language;
use issuance_api::terminal::Localized;

macro_rules! texts {
    ($($(#[$doc:meta])* $name:ident $ja:literal $en:literal $zh:literal $ko:literal;)*) => {
        /// One text of the catalogue. `{…}` are placeholders for [`fill`].
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Text {
            $($(#[$doc])* $name,)*
        }

        impl Text {
            /// Every text.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// In one language.
            #[must_use]
            pub const fn say(self, language: Language) -> &'static str {
                match self {
                    $(Self::$name => match language {
                        Language::Ja => $ja,
                        Language::En => $en,
                        Language::Zh => $zh,
                        Language::Ko => $ko,
                    },)*
                }
            }
        }
    };
}

texts! {
    /// What this is.
    Title "接種証明書の交付" "Vaccination certificates" "接种证明的发放" "접종증명서 발급";
    /// Beside the step: how to stop.
    Cancel "(q で中止)" "(q to cancel)" "(输入 q 取消)" "(q 입력 시 취소)";
    /// Menu: what is chosen by number.
    ChooseProgramme "証明書の種類を番号で選んでください" "Choose a certificate by its number" "请按编号选择证明种类" "증명서 종류를 번호로 선택해 주십시오";
    /// The kind offered here.
    Domestic "国内用" "For use in Japan" "日本国内用" "일본 국내용";
    /// Card wanted.
    PlaceCard "マイナンバーカードをカードリーダーに置いてください。" "Place your My Number Card on the reader." "请将个人编号卡放在读卡器上。" "마이넘버 카드를 리더에 올려 주십시오.";
    /// PIN wanted.
    EnterPin "暗証番号(数字4桁、券面事項入力補助用)を入力してください。あと{remaining}回入力できます。" "Enter your PIN (4 digits, for card-surface input support). Tries left: {remaining}." "请输入密码(4位数字,券面事项输入辅助用)。还可输入{remaining}次。" "비밀번호(숫자 4자리, 권면사항입력보조용)를 입력해 주십시오. 앞으로 {remaining}번 입력할 수 있습니다.";
    /// Before the last try.
    LastTry "【ご注意】入力できるのはあと1回です。間違えるとロックされ、解除は市区町村の窓口でしかできません。" "WARNING: this is the last try. If it is wrong the PIN is locked, and only your municipality's counter can unlock it." "【注意】只剩最后1次。如果输错,密码将被锁定,只能在市区町村窗口解除。" "【주의】마지막 1회입니다. 틀리면 비밀번호가 잠기며, 시구정촌 창구에서만 해제할 수 있습니다.";
    /// While the card is read.
    Reading "カードを読み取っています。動かさないでください。" "Reading the card. Do not move it." "正在读取卡片。请勿移动。" "카드를 읽고 있습니다. 움직이지 마십시오.";
    /// Card must go.
    TakeCard "カードをお取りください。お取りになるまで先へ進みません。" "Take your card back. Nothing goes on until you do." "请取回您的卡。取回之前不会继续。" "카드를 가져가 주십시오. 가져가실 때까지 진행되지 않습니다.";
    /// A card from before.
    CardLeft "カードが置かれたままです。お取りください。" "A card has been left on the reader. Please take it." "读卡器上留有卡片，请取走。" "카드가 남아 있습니다. 가져가 주십시오.";
    /// Municipality wanted.
    ChooseMunicipality "接種を受けたときの市区町村を番号で選んでください" "Choose by number the municipality that holds your vaccination records" "请按编号选择接种时所在的市区町村" "접종 당시의 시구정촌을 번호로 선택해 주십시오";
    /// Copies wanted.
    Copies "部数(1から10、そのままEnterで1部)" "Copies (1 to 10, Enter for 1)" "份数(1至10,直接按Enter为1份)" "부수(1~10, Enter만 누르면 1부)";
    /// Heading of the preview.
    Preview "証明書の内容をご確認ください" "Please check what the certificate will say" "请确认证明内容" "증명서 내용을 확인해 주십시오";
    /// Label.
    Name "氏名" "Name" "姓名" "성명";
    /// Label.
    BirthDate "生年月日" "Date of birth" "出生日期" "생년월일";
    /// Label.
    Authority "証明する市区町村" "Certified by" "证明机构" "증명 기관";
    /// Confirmation wanted.
    Confirm "この内容で交付するには Enter を押してください" "Press Enter to have it issued" "按 Enter 发放" "발급하려면 Enter를 누르십시오";
    /// While it is made.
    Issuing "証明書を作成しています。" "Making the certificate." "正在制作证明。" "증명서를 작성하고 있습니다.";
    /// While it is put out.
    Delivering "出力しています。その場を離れないでください。" "Putting it out. Please do not leave." "正在输出。请勿离开。" "출력하고 있습니다. 자리를 떠나지 마십시오.";
    /// After a line that fits nothing.
    NotUnderstood "入力を確かめて、もう一度入力してください。" "That is none of the choices. Please enter it again." "输入有误，请重新输入。" "입력을 확인하고 다시 입력해 주십시오.";
    /// Between two residents.
    Next "Enter を押すと最初の画面に戻ります" "Press Enter to return to the start" "按 Enter 返回开始画面" "Enter를 누르면 처음 화면으로 돌아갑니다";
    /// After a delivery that failed.
    TryAgain "もう一度試すには Enter を押してください" "Press Enter to try again" "按 Enter 重试" "다시 시도하려면 Enter를 누르십시오";
    /// At the end.
    Done "終わりました。証明書をお取りください。この端末には何も残っていません。" "Done. Take your certificate. Nothing of it is left in this terminal." "已完成。请取走证明。本终端不保留任何内容。" "완료되었습니다. 증명서를 가져가 주십시오. 이 단말기에는 아무것도 남아 있지 않습니다.";
    /// The hand-over could not be reported.
    NotReported "【ご注意】交付の完了をセンターに報告できませんでした。この証明書は10分後に無効になります。改めて申請してください。" "WARNING: the center could not be told. This certificate becomes invalid after ten minutes: please apply again." "【注意】未能向中心报告发放完成。本证明将在10分钟后失效,请重新申请。" "【주의】센터에 발급 완료를 보고하지 못했습니다. 이 증명서는 10분 후 무효가 됩니다. 다시 신청해 주십시오.";
}

/// A text with one placeholder filled in.
#[must_use]
pub fn fill(text: &str, placeholder: &str, value: &str) -> String {
    text.replace(placeholder, value)
}

/// The center's words in one language.
#[must_use]
pub fn localized(text: &Localized, language: Language) -> &str {
    match language {
        Language::Ja => &text.ja,
        Language::En => &text.en,
        Language::Zh => &text.zh,
        Language::Ko => &text.ko,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_is_there_in_every_language_with_the_same_placeholders() {
        for text in Text::ALL {
            let says = Language::ALL.map(|language| text.say(language));
            for said in says {
                assert!(!said.is_empty(), "{text:?}");
                let (one, other) = (
                    said.contains("{remaining}"),
                    says[0].contains("{remaining}"),
                );
                assert_eq!(one, other, "{text:?}");
            }
        }
    }
}
