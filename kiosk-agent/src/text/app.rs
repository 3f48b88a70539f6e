//! What only the app says, in Japanese, English, Chinese and Korean; what it says as the kiosk does is in `table.rs`. Nothing here is recorded: a phone reads aloud by itself.

use issuance_api::problem::Language;

texts! {
    /// One text of the app's screens. `{…}` are placeholders for [`fill`](super::fill).
    pub enum AppText;

    // What stands on every screen
    shown AppTitle "接種証明書アプリ" "Vaccination certificates" "接种证明应用程序" "접종증명서 앱";
    shown StepTerms "説明" "Terms" "须知" "안내";
    shown StepHolder "本人確認" "You" "本人确认" "본인 확인";
    shown StepPassport "旅券" "Passport" "护照" "여권";
    shown StepOf "手順{step}/{count} {name}" "Step {step} of {count}: {name}" "步骤{step}/{count} {name}" "{step}/{count}단계 {name}";
    shown Lock "ロックする" "Lock" "锁定" "잠그기";
    shown Working "お待ちください" "One moment, please" "请稍候" "잠시 기다려 주십시오";
    shown ToList "証明書の一覧へ" "All certificates" "返回证明列表" "증명서 목록으로";
    shown StopHome "入力した内容と読み取った内容は、すべて消去されます。" "Everything entered and read will be erased." "输入和读取的内容将全部删除。" "입력한 내용과 읽은 내용은 모두 삭제됩니다.";
    shown Gone "アプリが終了しました" "The app has ended" "应用程序已结束" "앱이 종료되었습니다";
    shown GoneText "この画面を閉じて、アプリを起動し直してください。" "Close this window, and start the app again." "请关闭此窗口，重新启动应用程序。" "이 창을 닫고 앱을 다시 시작해 주십시오.";

    // Lock
    shown UnlockTitle "ロックを解除してください" "Unlock the app" "请解锁" "잠금을 해제해 주십시오";
    shown UnlockText "この機器に保存した証明書は、暗号化されています。" "Certificates kept on this device are encrypted." "保存在本设备上的证明已加密。" "이 기기에 저장한 증명서는 암호화되어 있습니다.";
    shown UnlockForgot "パスフレーズを忘れると、保存した証明書は開けません。アプリを終了し、--discard を付けて起動すると、それらを消去して最初から始められます。証明書は何度でも発行できます。" "If you forget the passphrase, the certificates kept here cannot be opened. End the app and start it with --discard: that erases them, and you begin anew. They can be issued again at any time." "如果忘记口令，已保存的证明将无法打开。请结束应用程序，再加上 --discard 启动，即可删除这些证明并重新开始。证明可以重新申请发放。" "암호를 잊으면 저장한 증명서를 열 수 없습니다. 앱을 종료하고 --discard 를 붙여 시작하면 그 증명서를 지우고 처음부터 시작할 수 있습니다. 증명서는 언제든지 다시 발급받을 수 있습니다.";
    shown Passphrase "パスフレーズ" "Passphrase" "口令" "암호";
    shown PassphraseAgain "確認のため、もう一度" "The same again" "再次输入以确认" "확인을 위해 한 번 더";
    shown ShowPassphrase "入力した文字を表示する" "Show what is typed" "显示输入的文字" "입력한 문자 표시";
    shown Unlock "ロックを解除する" "Unlock" "解锁" "잠금 해제";
    shown UnlockWrong "パスフレーズが違います。もう一度入力してください。" "That is not the passphrase. Please enter it again." "口令错误。请重新输入。" "암호가 틀렸습니다. 다시 입력해 주십시오.";
    shown UnlockWait "続けて間違えたため、あと{seconds}秒お待ちください。" "Too many wrong entries. Please wait {seconds} seconds." "连续输入错误，请等待{seconds}秒。" "여러 번 틀려서 {seconds}초 동안 기다려 주십시오.";
    shown UnlockFailed "アプリが応答しません。しばらくしてからもう一度お試しください。" "The app does not answer. Please try again in a moment." "应用程序没有响应。请稍后再试。" "앱이 응답하지 않습니다. 잠시 후 다시 시도해 주십시오.";
    shown ChooseTitle "パスフレーズを決めてください" "Choose a passphrase" "请设置口令" "암호를 정해 주십시오";
    shown ChooseText "証明書は、このパスフレーズで暗号化して、この機器だけに保存します。アプリを開くときに入力します。" "Certificates are kept on this device alone, encrypted with this passphrase. You enter it when you open the app." "证明将以此口令加密，仅保存在本设备上。打开应用程序时需要输入。" "증명서는 이 암호로 암호화하여 이 기기에만 저장합니다. 앱을 열 때 입력합니다.";
    shown ChooseRule "{least}文字以上。文字の種類は自由です。" "At least {least} characters of any kind." "至少{least}个字符，种类不限。" "{least}자 이상, 문자 종류는 자유입니다.";
    shown ChooseShort "{least}文字以上にしてください。" "Please use at least {least} characters." "请使用至少{least}个字符。" "{least}자 이상으로 해 주십시오.";
    shown ChooseDiffers "2つの入力が一致しません。もう一度入力してください。" "The two entries differ. Please enter them again." "两次输入不一致。请重新输入。" "두 입력이 일치하지 않습니다. 다시 입력해 주십시오.";
    shown ChooseDone "このパスフレーズにする" "Use this passphrase" "使用此口令" "이 암호로 하기";
    shown ChangePassphrase "パスフレーズを変更する" "Change the passphrase" "更改口令" "암호 변경";
    shown PassphraseNow "今のパスフレーズ" "Present passphrase" "当前口令" "현재 암호";
    shown PassphraseNew "新しいパスフレーズ" "New passphrase" "新口令" "새 암호";
    shown Changed "パスフレーズを変更しました。" "The passphrase was changed." "口令已更改。" "암호를 변경했습니다.";
    shown NotLetIn "この画面からは、アプリを開けません" "The app cannot be opened from here" "无法从此窗口打开应用程序" "이 창에서는 앱을 열 수 없습니다";
    shown NotLetInText "アプリを起動したときに開く画面をお使いください。" "Please use the window that opens when the app is started." "请使用启动应用程序时打开的窗口。" "앱을 시작할 때 열리는 창을 사용해 주십시오.";

    // Certificates on this device
    shown ListTitle "証明書" "Certificates" "证明" "증명서";
    shown ListEmpty "この機器に保存した証明書はありません。" "No certificate is kept on this device." "本设备上没有保存的证明。" "이 기기에 저장한 증명서가 없습니다.";
    shown ListEmptyText "マイナンバーカードと暗証番号があれば、窓口に行かずに発行できます。" "With your My Number Card and its PIN you can have one issued without going to a counter." "有个人编号卡和密码，无需前往窗口即可发放。" "마이넘버 카드와 비밀번호가 있으면 창구에 가지 않고 발급받을 수 있습니다.";
    shown IssueNew "証明書を発行する" "Get a certificate" "发放证明" "증명서 발급";
    shown IssueAnother "新しく発行する(ご家族の分も)" "Get another, also for family" "发放新证明（家人亦可）" "새로 발급(가족도 가능)";
    shown VerifyOther "証明書を検証する" "Verify a certificate" "验证证明" "증명서 검증";
    shown IssuedDay "{date}発行" "Issued {date}" "{date}发放" "{date} 발급";
    shown DoseCount "接種{count}回" "Doses: {count}" "接种{count}次" "접종 {count}회";
    shown Older "以前の証明書" "Older" "较早的证明" "이전 증명서";
    shown Damaged "壊れていて開けない証明書があります" "Some certificates are damaged and cannot be opened" "有证明已损坏，无法打开" "손상되어 열 수 없는 증명서가 있습니다";
    shown DamagedText "{count}件。ほかの証明書には影響ありません。必要な場合は、もう一度発行してください。" "Number: {count}. The others are not affected. Have them issued again if you need them." "共{count}件，不影响其他证明。如有需要请重新发放。" "{count}건입니다. 다른 증명서에는 영향이 없습니다. 필요하시면 다시 발급받아 주십시오.";
    shown DamagedRemove "壊れた証明書を取り除く" "Remove what is damaged" "移除已损坏的证明" "손상된 증명서 제거";
    shown DamagedRemoveText "壊れたファイルをこの機器から消去します。元に戻せません。ほかの証明書は残ります。" "The damaged files are erased from this device and cannot be brought back. The other certificates stay." "将从本设备删除已损坏的文件，无法恢复。其他证明将保留。" "손상된 파일을 이 기기에서 삭제하며 되돌릴 수 없습니다. 다른 증명서는 그대로 남습니다.";

    // Issue
    shown ServiceHome "発行する証明書を選んでください。" "Choose a certificate." "请选择要发放的证明。" "발급할 증명서를 선택해 주십시오.";
    shown TermsKeeps "証明書は暗号化して、この機器だけに保存します。申請の内容は、この機器にもセンターにも残りません。" "The certificate is kept encrypted on this device alone. Neither this device nor the center keeps your application." "证明加密后仅保存在本设备上。本设备和中心均不保留申请内容。" "증명서는 암호화하여 이 기기에만 저장합니다. 신청 내용은 이 기기와 센터에 남지 않습니다.";
    shown TermsPassport "海外用では、旅券の顔写真のページを撮影した画像から、氏名、旅券番号、国籍、生年月日を読み取ります。画像は保存せず、どこにも送りません。旅券の氏名、国籍、旅券番号は、証明書の番号、発行日とともに、証明する市区町村が保管します。" "For a certificate for abroad, name, passport number, nationality and date of birth are read from a picture of your passport's photo page. The picture is neither kept nor sent. The municipality that certifies keeps name, nationality and passport number, with the certificate's id and date." "海外用证明将从护照照片页的图像读取姓名、护照号码、国籍和出生日期。图像不会保存，也不会发送。护照上的姓名、国籍和护照号码将与证明编号、发放日期一起由出具证明的市区町村保存。" "해외용은 여권의 사진이 있는 면을 찍은 사진에서 성명, 여권 번호, 국적, 생년월일을 읽습니다. 사진은 저장하지도 전송하지도 않습니다. 여권의 성명, 국적, 여권 번호는 증명서 번호, 발급일과 함께 증명하는 시구정촌이 보관합니다.";
    shown TermsShows "証明書の二次元コードで、本物であることを誰でも確かめることができます。" "Anybody can verify the certificate by its QR code." "任何人都可以通过二维码验证证明。" "QR 코드로 증명서가 진짜인지 누구나 확인할 수 있습니다.";
    shown KindsTitle "どの証明書が必要ですか" "Which certificates do you need?" "需要哪种证明？" "어떤 증명서가 필요하십니까?";
    shown KindsText "両方を一度に発行できます。" "Both can be issued at once." "两种可同时发放。" "두 가지를 한 번에 발급받을 수 있습니다.";
    shown DomesticHome "氏名、生年月日、接種記録。表示のときに氏名と生年月日を隠せます" "Name, date of birth, vaccinations. Name and date can be hidden when it is shown" "姓名、出生日期、接种记录。出示时可隐藏姓名和出生日期" "성명, 생년월일, 접종 기록. 표시할 때 성명과 생년월일을 숨길 수 있습니다";
    shown AbroadHome "旅券の氏名、国籍、番号も記載。有効な旅券が必要です" "Also with name, nationality and number as in your passport. Needs a valid passport" "还记载护照姓名、国籍和号码。需要有效护照" "여권의 성명, 국적, 번호도 기재. 유효한 여권이 필요합니다";
    shown KindsNone "1つ以上選んでください。" "Please choose at least one." "请至少选择一种。" "하나 이상 선택해 주십시오.";
    shown On "入" "On" "开" "켜짐";
    shown Off "切" "Off" "关" "꺼짐";
    shown TapTitle "カードを読み取ります" "Read your card" "读取卡片" "카드를 읽습니다";
    shown TapText "マイナンバーカードをカードリーダーに置き(かざし)、読み取りが終わるまで動かさないでください。" "Place your My Number Card on the reader (or hold it there), and do not move it until it has been read." "请将个人编号卡放在读卡器上（或靠近读卡器），读取结束前请勿移动。" "마이넘버 카드를 리더에 올리고(또는 대고) 읽기가 끝날 때까지 움직이지 마십시오.";
    shown LastTryAsk "入力した番号をカードに送りますか" "Send this PIN to the card?" "要将此密码发送到卡吗？" "입력한 비밀번호를 카드로 보내시겠습니까?";
    shown LastTrySend "カードに送る" "Send it" "发送" "보내기";
    shown TakeHome "カードをリーダーから離してください。離すまで先へ進みません。" "Take your card off the reader. Nothing goes on until you do." "请将卡从读卡器上取下。取下之前不会继续。" "카드를 리더에서 떼어 주십시오. 뗄 때까지 진행되지 않습니다.";
    shown HolderTitle "カードから読み取った内容" "What your card says" "从卡中读取的内容" "카드에서 읽은 내용";
    shown HolderText "ご本人の内容であることを確認してください。この画面を離れると消去されます。" "Check that this is you. It is erased when you leave this screen." "请确认是您本人的信息。离开此画面后将被删除。" "본인의 내용인지 확인해 주십시오. 이 화면을 벗어나면 삭제됩니다.";
    shown HolderWrong "内容が違うときは、中止して、お住まいの市区町村の窓口にお問い合わせください。" "If something is wrong, cancel, and ask at the counter of the municipality where you live." "如有错误，请取消，并咨询居住地的市区町村窗口。" "내용이 다르면 취소하고 거주하시는 시구정촌 창구에 문의해 주십시오.";
    shown Sex "性別" "Sex" "性别" "성별";
    shown SexMale "男" "Male" "男" "남";
    shown SexFemale "女" "Female" "女" "여";
    shown SexOther "その他" "Other" "其他" "기타";
    shown Address "住所" "Address" "住址" "주소";
    shown Right "間違いありません" "This is right" "确认无误" "맞습니다";

    // Passport
    shown PassportTitle "旅券を読み取ります" "Read your passport" "读取护照" "여권을 읽습니다";
    shown PassportText "顔写真のページを平らに開き、下の2行の文字が全部入るように、真上から撮影してください。" "Lay the photo page flat, and take the picture from straight above, with both lines of letters at its foot in it." "请将照片页放平，从正上方拍摄，使下方两行字符完整入镜。" "사진이 있는 면을 평평하게 펴고, 아래 두 줄의 문자가 모두 들어오도록 바로 위에서 촬영해 주십시오.";
    shown PassportPrivate "画像は読み取りだけに使い、保存も送信もしません。" "The picture is only read, and neither kept nor sent." "图像仅用于读取，不保存也不发送。" "사진은 읽기에만 쓰이며 저장하거나 전송하지 않습니다.";
    shown UseCamera "カメラで撮影する" "Use the camera" "用相机拍摄" "카메라로 촬영";
    shown ChooseFile "画像ファイルを選ぶ" "Choose a picture" "选择图片文件" "이미지 파일 선택";
    shown ChoosePage "画像またはPDFを選ぶ" "Choose a picture or PDF" "选择图片或PDF" "이미지 또는 PDF 선택";
    shown Shoot "撮影する" "Take the picture" "拍摄" "촬영하기";
    shown CameraClose "カメラを閉じる" "Close the camera" "关闭相机" "카메라 닫기";
    shown CameraView "カメラの映像" "Camera view" "相机画面" "카메라 화면";
    shown CameraNone "カメラを使えません。カメラの使用を許可するか、画像ファイルを選んでください。" "The camera cannot be used. Please allow its use, or choose a picture." "无法使用相机。请允许使用相机，或选择图片文件。" "카메라를 사용할 수 없습니다. 카메라 사용을 허용하거나 이미지 파일을 선택해 주십시오.";
    shown PictureTooLarge "ファイルが大きすぎます。16 MB以下のものを選んでください。" "The file is too large. Please choose one of 16 MB or less." "文件太大。请选择16 MB以下的文件。" "파일이 너무 큽니다. 16 MB 이하의 파일을 선택해 주십시오.";
    shown PictureRefused "このファイルは読み取れません。JPEGかPNGの画像を選んでください。" "This file cannot be read. Please choose a JPEG or PNG picture." "无法读取此文件。请选择JPEG或PNG图片。" "이 파일은 읽을 수 없습니다. JPEG 또는 PNG 이미지를 선택해 주십시오.";
    shown PageRefused "このファイルは読み取れません。JPEG、PNG、PDFのいずれかを選んでください。" "This file cannot be read. Please choose a JPEG, PNG or PDF." "无法读取此文件。请选择JPEG、PNG或PDF。" "이 파일은 읽을 수 없습니다. JPEG, PNG, PDF 중에서 선택해 주십시오.";
    shown PassportReading "旅券を読み取っています" "Reading your passport" "正在读取护照" "여권을 읽고 있습니다";
    shown PassportGiveUp "海外用をやめて、国内用だけ発行する" "Issue only the one for Japan" "放弃海外用，仅发放国内用" "해외용은 그만두고 국내용만 발급";
    shown PassportCheckTitle "旅券から読み取った内容" "What your passport says" "从护照读取的内容" "여권에서 읽은 내용";
    shown PassportCheckText "旅券と同じことを確認してください。違うときは、もう一度読み取ってください。" "Compare it with your passport. If anything differs, read it again." "请与护照核对。如有不同，请重新读取。" "여권과 같은지 확인해 주십시오. 다르면 다시 읽어 주십시오.";
    shown PassportAgain "もう一度読み取る" "Read it again" "重新读取" "다시 읽기";

    // Records, issue
    shown ReviewTitle "発行する内容をご確認ください" "Check what will be issued" "请确认要发放的内容" "발급할 내용을 확인해 주십시오";
    shown ReviewWrong "内容が違うときは、中止して、記録のある市区町村の窓口にお問い合わせください。" "If something is wrong, cancel, and ask at the counter of the municipality that holds the record." "如有错误，请取消，并咨询保存记录的市区町村窗口。" "내용이 다르면 취소하고 기록이 있는 시구정촌 창구에 문의해 주십시오.";
    shown IssueBoth "2つの証明書を発行する" "Issue both certificates" "发放两份证明" "증명서 2건 발급";
    shown IssueOne "この内容で発行する" "Issue this certificate" "按此内容发放" "이 내용으로 발급";
    shown Kept "証明書をこの機器に保存しました" "The certificate is now on this device" "证明已保存到本设备" "증명서를 이 기기에 저장했습니다";
    shown NotReportedHome "センターに交付の完了を報告できなかったため、この証明書は発行から10分で無効になります。もう一度発行してください。" "The center could not be told that you have this certificate. It becomes invalid ten minutes after it was issued. Please have it issued again." "未能向中心报告发放完成，本证明自发放起10分钟后失效。请重新发放。" "센터에 발급 완료를 보고하지 못해 이 증명서는 발급 10분 후 무효가 됩니다. 다시 발급받아 주십시오.";
    shown IssueAgain "もう一度発行する" "Issue it again" "重新发放本证明" "다시 발급받기";
    shown Lapses "無効・要再発行" "Invalid: issue again" "已失效，需重新发放" "무효・재발급 필요";

    // The certificate
    shown Codes "二次元コードの種類" "Kind of QR code" "二维码的种类" "QR 코드의 종류";
    shown CodeCard "SMART Health Cards" "SMART Health Cards" "SMART Health Cards" "SMART Health Cards";
    shown CodeCardText "お店や施設、国内外の多くの確認アプリが読み取れます。" "Read by shops, venues and many verifier apps." "可供商店、设施及许多验证应用程序读取。" "상점, 시설과 여러 확인 앱에서 읽을 수 있습니다.";
    shown CodeSeal "ICAO VDS-NC" "ICAO VDS-NC" "ICAO VDS-NC" "ICAO VDS-NC";
    shown CodeSealText "空港や入国審査で読み取ります。" "Read at airports and borders." "用于机场和入境审查。" "공항과 입국 심사에서 읽습니다.";
    shown CodeLabel "証明書の二次元コード({name})" "QR code of the certificate ({name})" "证明的二维码（{name}）" "증명서의 QR 코드({name})";
    shown Now "現在の日時" "Now" "当前时间" "현재 시각";
    shown Hide "氏名と生年月日を隠す" "Hide name and date of birth" "隐藏姓名和出生日期" "성명과 생년월일 숨기기";
    shown Hidden "非表示" "Hidden" "已隐藏" "숨김";
    shown HideText "画面の表示だけを隠します。二次元コードには氏名と生年月日が入っています。" "Hidden on this screen only: the QR code holds both." "仅隐藏显示，二维码仍含姓名和出生日期。" "화면 표시만 숨깁니다. QR 코드에는 성명과 생년월일이 들어 있습니다.";
    shown DoseTitle "{number}回目" "Dose {number}" "第{number}次" "{number}회차";
    shown Product "製品名" "Product" "产品名" "제품명";
    shown Maker "メーカー" "Maker" "厂家" "제조사";
    shown CertificateNumber "証明書番号" "Certificate number" "证明编号" "증명서 번호";
    shown Country "接種国" "Country" "接种国家" "접종 국가";
    shown Save "保存する" "Save a copy" "保存副本" "사본 저장";
    shown SaveImage "画像で保存する" "Save as a picture" "保存为图片" "이미지로 저장";
    shown SavePdf "PDF(A4)で保存する" "Save as PDF (A4)" "保存为PDF（A4）" "PDF(A4)로 저장";
    shown SaveText "保存したファイルは暗号化されません。ほかの人が見られる場所に置かないでください。" "The saved file is not encrypted. Keep it where others cannot see it." "保存的文件不加密。请勿放在他人可看到的地方。" "저장한 파일은 암호화되지 않습니다. 다른 사람이 볼 수 있는 곳에 두지 마십시오.";
    shown Saved "保存しました。" "Saved." "已保存。" "저장했습니다.";
    shown SaveFailed "保存できませんでした。もう一度お試しください。" "It could not be saved. Please try again." "无法保存。请再试一次。" "저장하지 못했습니다. 다시 시도해 주십시오.";
    shown Remove "この証明書を削除する" "Delete this certificate" "删除此证明" "이 증명서 삭제";
    shown RemoveTitle "この証明書を削除しますか" "Delete this certificate?" "要删除此证明吗？" "이 증명서를 삭제하시겠습니까?";
    shown RemoveText "この機器から消去され、元に戻せません。必要になったら、もう一度発行できます。" "It is erased from this device and cannot be brought back. You can have it issued again." "将从本设备删除，无法恢复。需要时可重新发放。" "이 기기에서 삭제되며 되돌릴 수 없습니다. 필요하면 다시 발급받을 수 있습니다.";
    shown RemoveNo "削除しない" "Keep it" "不删除" "삭제하지 않음";
    shown RemoveYes "削除する" "Delete" "删除" "삭제";
    shown Renew "接種後に発行し直す" "Reissue after a new dose" "接种后重新发放" "접종 후 다시 발급";
    shown RenewText "新しい接種のあとに、同じ種類の証明書を発行します。" "Issues the same certificate with your latest doses." "接种后发放同种类的新证明。" "새로 접종하신 후 같은 종류의 증명서를 발급합니다.";
    shown OlderText "より新しい証明書があります。不要であれば削除できます。" "There is a newer one. You may delete this one." "已有更新的证明。如不需要可删除此证明。" "더 새로운 증명서가 있습니다. 필요 없으면 삭제하실 수 있습니다.";

    // Verify
    shown VerifyTitle "証明書を検証する" "Verify a certificate" "验证证明" "증명서 검증";
    shown VerifyText "証明書の二次元コードを読み取り、誰が署名したか、有効かどうかを確かめます。" "Reads a certificate's QR code, and tells who signed it and whether it holds." "读取证明的二维码，确认由谁签名以及是否有效。" "증명서의 QR 코드를 읽어 누가 서명했는지, 유효한지 확인합니다.";
    shown VerifyString "二次元コードの文字列" "Text of the QR code" "二维码的文字内容" "QR 코드의 문자열";
    shown VerifyGo "検証する" "Verify" "验证" "검증하기";
    shown VerifyNothing "文字列を入力してください。" "Please enter a text." "请输入文字内容。" "문자열을 입력해 주십시오.";
    shown VerifyAgain "別の証明書を検証する" "Verify another" "验证其他证明" "다른 증명서 검증";
    shown ReportTitle "検証の結果" "Result" "验证结果" "검증 결과";
    shown NoCode "二次元コードが見つかりません" "No QR code was found" "未找到二维码" "QR 코드를 찾을 수 없습니다";
    shown NoCodeText "コード全体が明るく写るように、もう一度お試しください。" "Please try again with the whole code in a good light." "请在光线充足处将整个二维码拍入画面，再试一次。" "코드 전체가 밝게 보이도록 다시 시도해 주십시오.";
    shown VerdictValid "有効です" "Valid" "有效" "유효합니다";
    shown VerdictUnchecked "署名は正しく、失効の有無は確認できません" "Signed; whether it was revoked is not known" "签名正确，但无法确认是否已失效" "서명은 올바르나 실효 여부를 확인할 수 없습니다";
    shown VerdictRevoked "失効しています" "Revoked" "已失效" "실효되었습니다";
    shown VerdictExpired "有効期間が過ぎています" "Expired" "已过有效期" "유효기간이 지났습니다";
    shown VerdictNotYetValid "有効期間が始まっていません" "Not valid yet" "尚未生效" "아직 유효기간이 시작되지 않았습니다";
    shown VerdictUnknownIssuer "発行者を確認できません" "Unknown issuer" "无法确认发行方" "발급자를 확인할 수 없습니다";
    shown VerdictTampered "改ざんされています" "Tampered with" "已被篡改" "변조되었습니다";
    shown VerdictMalformed "証明書の形式が正しくありません" "Not in a certificate's form" "证明格式不正确" "증명서의 형식이 올바르지 않습니다";
    shown VerdictUnsupported "検証できない種類です" "A kind that is not verified here" "无法验证的种类" "검증할 수 없는 종류입니다";
    shown WhyValid "信頼リストにある発行者が署名し、失効していません。" "Signed by an issuer on the trust list, in force, and not revoked." "由信任列表中的发行方签名，有效且未失效。" "신뢰 목록에 있는 발급자가 서명했으며 실효되지 않았습니다.";
    shown WhyValidSigner "信頼リストにある国の署名者が署名し、署名者は失効していません。この証明書そのものが失効していないかは、このコードからは分かりません。もう一つの二次元コード(SMART Health Card)で確かめてください。" "Signed for a country on the trust list by a signer who is not revoked. Whether this very certificate was revoked cannot be told from this code: check its other QR code, the SMART Health Card." "由信任列表中国家的签名者签名，签名者未失效。仅凭此码无法得知该证明本身是否已失效，请核对另一个二维码（SMART Health Card）。" "신뢰 목록에 있는 국가의 서명자가 서명했으며 서명자는 실효되지 않았습니다. 이 증명서 자체가 실효되었는지는 이 코드로는 알 수 없습니다. 다른 QR 코드(SMART Health Card)를 확인해 주십시오.";
    shown WhyNoList "失効リストがまだありません。通信できるときに、もう一度検証してください。" "There is no list yet of what was revoked. Verify again when there is a network." "尚无失效列表。请在有网络时重新验证。" "실효 목록이 아직 없습니다. 통신이 될 때 다시 검증해 주십시오.";
    shown WhyOldList "失効リストが古くなっています。通信できるときに、もう一度検証してください。" "The list of what was revoked is out of date. Verify again when there is a network." "失效列表已过期。请在有网络时重新验证。" "실효 목록이 오래되었습니다. 통신이 될 때 다시 검증해 주십시오.";
    shown WhyRevoked "発行者が取り消しています。使えません。" "Its issuer has revoked it. It cannot be used." "已被发行方撤销，不能使用。" "발급자가 취소했습니다. 사용할 수 없습니다.";
    shown WhyExpired "署名は正しいものの、日付が有効期間のあとです。" "Rightly signed, but no longer in force." "签名正确，但已过有效期。" "서명은 올바르지만 유효기간이 지났습니다.";
    shown WhyNotYetValid "署名は正しいものの、日付が有効期間の前です。この機器の日時も確かめてください。" "Rightly signed, but not in force yet. Check the clock of this device too." "签名正确，但尚未到有效期。请同时确认本设备的日期和时间。" "서명은 올바르지만 아직 유효기간 전입니다. 이 기기의 날짜와 시각도 확인해 주십시오.";
    shown WhyUnknownIssuer "信頼リストにない鍵で署名されています。内容は信用できません。" "Signed by nobody on the trust list. Do not rely on what it says." "由信任列表之外的密钥签名，内容不可信。" "신뢰 목록에 없는 키로 서명되어 있습니다. 내용을 신뢰할 수 없습니다.";
    shown WhyTampered "署名が内容と合いません。書き換えられています。" "The signature does not fit the content: it was changed." "签名与内容不符，内容已被改动。" "서명이 내용과 맞지 않습니다. 내용이 바뀌었습니다.";
    shown WhyTamperedSigner "署名者の証明書は、そこに書かれた認証局(CSCA)が発行したものではありません。" "The CSCA that its signer's certificate names did not issue that certificate." "签名者的证书并非由其所写的认证机构（CSCA）颁发。" "서명자의 인증서는 거기에 적힌 인증기관(CSCA)이 발급한 것이 아닙니다.";
    shown WhyTamperedIssuer "書かれている発行者とは別の発行者の鍵で署名されています。" "It is signed with the key of another issuer than it names." "使用了与所写发行方不同的另一发行方的密钥签名。" "적혀 있는 발급자가 아닌 다른 발급자의 키로 서명되어 있습니다.";
    shown WhyMalformed "文字列が、決められた形式になっていません。コード全体を読み取れているか確かめてください。" "Its text is not in the form that its specification demands. See that the whole code was read." "文字内容不符合规定的格式。请确认二维码是否完整读取。" "문자열이 정해진 형식이 아닙니다. 코드 전체가 읽혔는지 확인해 주십시오.";
    shown WhyIncomplete "いくつかに分かれた二次元コードの一部しかありません。すべてのコードを一度に読み取ってください。" "It is split over several QR codes, and some are missing. Read all of them at once." "该证明分为多个二维码，目前缺少一部分。请一次读取全部二维码。" "여러 개로 나뉜 QR 코드 중 일부가 없습니다. 모든 코드를 한 번에 읽어 주십시오.";
    shown WhyMixed "別々の証明書の二次元コードが混ざっています。1つの証明書ずつ読み取ってください。" "QR codes of different certificates are mixed. Read one certificate at a time." "混有不同证明的二维码。请逐份读取证明。" "서로 다른 증명서의 QR 코드가 섞여 있습니다. 증명서를 하나씩 읽어 주십시오.";
    shown WhyAlgorithm "このアプリが検証できない方式で署名されています。" "It is signed in a way that this app cannot verify." "其签名方式无法由本应用程序验证。" "이 앱이 검증할 수 없는 방식으로 서명되어 있습니다.";
    shown WhyVersion "このアプリが対応していない版の形式です。" "It is of a version that this app does not know." "其格式版本不受本应用程序支持。" "이 앱이 지원하지 않는 버전의 형식입니다.";
    shown WhyPayload "必要な項目が欠けているか、書き方が正しくありません。" "Something it must say is missing, or wrongly written." "缺少必要项目，或书写格式不正确。" "필요한 항목이 빠졌거나 적는 형식이 올바르지 않습니다.";
    shown WhySignerCertificate "署名者の証明書が、この証明書に署名できるものではありません。" "Its signer's certificate is none that may sign such a document." "签名者的证书不能用于签署此类证明。" "서명자의 인증서가 이 증명서에 서명할 수 있는 것이 아닙니다.";
    shown WhyUnsupported "SMART Health CardsでもVDS-NCでもありません。" "It is neither a SMART Health Card nor a VDS-NC." "既不是SMART Health Cards，也不是VDS-NC。" "SMART Health Cards도 VDS-NC도 아닙니다.";
    shown WhoseDocument "証明書" "the certificate" "证明" "증명서";
    shown WhoseSigner "署名者の証明書" "its signer's certificate" "签名者的证书" "서명자의 인증서";
    shown WhoseCsca "国の署名用認証局(CSCA)の証明書" "the certificate of the country's signing CA (CSCA)" "国家签名认证机构（CSCA）的证书" "국가 서명 인증기관(CSCA)의 인증서";
    shown About "対象" "About" "对象" "대상";
    shown Kind "種類" "Kind" "种类" "종류";
    shown SignedBy "署名者" "Signed by" "签名者" "서명자";
    shown Claimed "発行者の表示(未確認)" "Says it is by (not verified)" "自称（未确认）" "발급자 표시(미확인)";
    shown SigningKey "署名の鍵" "Key" "签名密钥" "서명 키";
    shown SignerSubject "署名者の証明書" "Signer's certificate" "签名者证书" "서명자 인증서";
    shown Serial "シリアル番号" "Serial number" "序列号" "일련번호";
    shown CscaLabel "認証局(CSCA)" "CSCA" "认证机构（CSCA）" "인증기관(CSCA)";
    shown Fingerprint "SHA-256 指紋" "SHA-256 fingerprint" "SHA-256指纹" "SHA-256 지문";
    shown Content "証明書の内容" "What it says" "证明的内容" "증명서의 내용";
    shown SeeDocument "氏名、生年月日、旅券番号を、ご本人の書類と見比べてください。" "Compare name, date of birth and passport number with the holder's document." "请将姓名、出生日期和护照号码与本人证件核对。" "성명, 생년월일, 여권 번호를 본인의 서류와 비교해 주십시오.";
    shown RevokedAsOf "失効の情報は{date}現在のものです。" "Revocations as of {date}." "失效信息截至{date}。" "실효 정보는 {date} 기준입니다.";
    shown NoteFraction "有効になる時刻に、秒より細かい端数があります。受け付けない検証ソフトがあります。" "The time from which it holds has a fraction of a second: some verifiers refuse it for that." "生效时间含有不足一秒的部分，有些验证软件会拒绝。" "유효 시작 시각에 1초 미만의 단위가 있습니다. 거부하는 검증 소프트웨어도 있습니다.";
    shown NoteProfile "署名者の証明書に、ICAOの定めと異なる点があります。" "Its signer's certificate departs from ICAO's profile." "签名者的证书与ICAO的规定有不同之处。" "서명자의 인증서에 ICAO 규정과 다른 점이 있습니다.";
    shown NoteAfterSigning "署名の鍵の使用期間よりあとの接種が含まれています。" "A dose is later than the time in which the signer's key was used." "含有晚于签名密钥使用期的接种。" "서명 키의 사용 기간보다 나중의 접종이 있습니다.";
    shown NoteFuture "接種日が未来の日付になっているものがあります。" "The date of a dose lies in the future." "有接种日期在未来。" "접종일이 미래로 되어 있는 것이 있습니다.";
    shown NotesTitle "参考" "Notes" "备注" "참고";
    shown Trust "信頼リスト" "Trust list" "信任列表" "신뢰 목록";
    shown TrustText "ここにある発行者の署名だけを、正しいものとして扱います。" "Only signatures of these issuers are believed." "仅信任以下发行方的签名。" "여기 있는 발급자의 서명만 신뢰합니다.";
    shown TrustCards "SMART Health Cardsの発行者" "Issuers of SMART Health Cards" "SMART Health Cards的发行方" "SMART Health Cards 발급자";
    shown TrustCountries "VDS-NCの発行国" "Countries of VDS-NC" "VDS-NC的发行国" "VDS-NC 발급 국가";
    shown TrustFetched "{date}取得" "Fetched {date}" "{date}获取" "{date} 취득";
    shown TrustOld "失効の情報を最後に取得したのは{date}です。そのあとに失効した証明書は、見分けられません。通信できるときに、もう一度検証してください。" "Revocations were last fetched on {date}. What was revoked after that is not known here. Verify again when there is a network." "失效信息最后于{date}获取，此后失效的证明无法识别。请在有网络时重新验证。" "실효 정보를 마지막으로 가져온 날은 {date}입니다. 그 후에 실효된 증명서는 구별할 수 없습니다. 통신이 될 때 다시 검증해 주십시오.";
    shown TrustNever "失効の情報をまだ取得していません。この発行機関の証明書が失効しているかどうかは、見分けられません。通信できるときに、もう一度検証してください。" "Revocations were never fetched. Whether our own issuer's certificates were revoked is not known here. Verify again when there is a network." "尚未获取失效信息，无法识别本发行机构的证明是否已失效。请在有网络时重新验证。" "실효 정보를 아직 가져오지 않았습니다. 이 발급 기관의 증명서가 실효되었는지 구별할 수 없습니다. 통신이 될 때 다시 검증해 주십시오.";
    shown TrustRevoked "失効 {count}件" "Revoked: {count}" "失效{count}件" "실효 {count}건";
    shown TrustUntil "{date}まで有効" "Good until {date}" "有效至{date}" "{date}까지 유효";
    shown Validity "有効期間" "Validity" "有效期" "유효기간";
    shown TrustNone "信頼リストがありません。通信できるときにアプリを開くと、取得します。" "There is no trust list yet. It is fetched when the app is opened with a network." "尚无信任列表。在有网络时打开应用程序将自动获取。" "신뢰 목록이 아직 없습니다. 통신이 될 때 앱을 열면 가져옵니다.";
}
