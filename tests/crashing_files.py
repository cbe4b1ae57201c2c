"""Two files that end a decoder with a signal: bytes of good files altered by a fuzzer. Neither runs code."""

import base64
import gzip

# Tiles of HCOMPRESS, altered.
_CRASHING_FITS = (
    "ABzY8000000s{;7^bPQFRZy^1zyd-P^c9lx^V0H*a*Gv8@)g`XLxL5GOA_-^5{pt4umUH~kO0pJ9OhX7%}XpQN~}~!Ni0cJD5)$+RUiQT93wn~6>ykm05mVJ"
    "G&d==NFhHBW^!h3YF=?>eqJ$F^IRiBT>V^d`j=z?Hf$7(f>AIEM!_f;1*2dTj2HlFP6m7W``Id}J9+wrI6C>bsv}A3D<oy+B^FgGlq4qQq$;FVlt3D%IL)JL"
    "``L)}_A}T#Lp<&)&rB)F02v4Iab})EQe{bMF<$o>;V{n-#eGHj<;5WLAO_<A0nYxRej!-Rvoy9uF)zI+zqCN1Ah9ShH?<_S2)h&Aahr$kKCpSk1mYva&C}J#"
    "C72lV(lS$XQoue=O-#-Jc^{j3A&~*D;P_B?_V*14at#i4b%}Rz3~^K^D?Nv}`3Lzz%rgvd(g22;raC40Bg)g)(H&p^5|Jf<J<XEDOklc8&d)6<N-Zu<O;O0q"
    "O-x6L>nKEigPN>>n%_LZItXVpn0e3)hs}M4W~Ar0C}@VGR(^|uW;kr-8Cj4KAJ7bk)jSh2%!6h)BKqe9avIb;cRc2ik>8?1JbheolvhTe@~SwqDivH@W#*)U"
    "2RV{bkrN<R^Ngryp0jTNC<_DAvj;2##~Z36(lbmiC@m-Eq~{l9mSp7OjbC4Ac@XUE=!2O*;I=3fCno~S(X_<mlKdjv=7l->7~&g$A=NyP`-~v&^Y!-+@xbH0"
    "-28k{RZ>ubCm(~{XGEm?h%wJKA_U|@wDJ^O)To2qmj_J4;P}nREGD9I9~~bW1)~5rU|?Wg%>V><XZ{BQ28IR(B)|#;3?u`_b!{vc>QB6Gdc?5s<l(Lb4XeEp"
    "voCN+{B(cX-1?}rd0s@1goM;2IVWyy#&-LCFJ_dk=@w#kS>9V>u$WUSc8UX2c-q49uO@f=SIyh;FY!-Y^$$jkW(Kyyspc|=V$X_wXxsAlqQTnNJjI3w7#O~7"
    "U<#09U}Sllob$|R^)&;teuw`tT!)!$=bESJ|Nift@@oGgN!}M+sgs*o)PoqfTv#|PIaKVpJSM6)I&%vwxVK_Td&i+&3Bn0~TndFgxdrBE^(4%064U#;>LyQR"
    "!<)vF#~$zN_{%7GMA1p{Hdl6V-kJUw#V4y)RC%p5VH1AJss85*GmE}_%HQKNo%Xz16ZMK|URKZsi=LFs#iu1onp16OS?_qovV?zQ^tKhBQtqG5`J>9PKUqp_"
    "K6_w^WATiQvU-)K{f*87N!s-fpZl21y5*vEOCiO_n8iQL|LftlzNFyWJC^FX*uOts{f8sv;<ngrO%6;B6E95Y@M~yTa#3iFruqct4U@PhIOJ(?oB1;Ip5CN*"
    "GxUIRwrG=rkm7tcD{1Ew^^bS4gsgIqTiGO`_J#F~vWNW#m%=07X2yG*N<A3bOti0+w6e#tm$3evHKp&;wDgoSZ+Wg9W;>*?nzcjQ>WCUI|I6CTYYQj(Rc-8*"
    "KEL_VbvFLJ0nXE{55HWM{lMj}maAM>QGZ84n$-2>t(;b}9IhIl`Iox{l*N88TiJT)5~K8|k7qc%9^20D+k1oc`g>-l^1nax4QG`*%xu!xc2p(wAcJDp?Utwm"
    "%#s(Hve*k4=WcLd^b}>duX@mAmd)>6(P#n2EsPC$OergQ6&R;8PdgZ}Ie2HB^nsMv)PNd|iUXY&dJB!`^}Y;ZnJA)S*1T%M*O^7GPk0!X{!&}usFyJ3t^e$h"
    "BaC6Qu7?|IHKbWRRJvj%IctMbj2z34q|#5a?3{PG`9Gb%_}i8xdHN!?)vrHv{ynm2>Gg(NzvnSF+zmXrQ*mOQzfOd<p5f%c>C6`!G-I@_r$ozyKD>IIo##sb"
    "zh~+UQlihj4SS`xK5Z0Z<m2f+K1KgqU@=3K+KwN*4b1-S`u=NYi#vXQWS>wv=ZO5Nm+l49XKSyq)Ew29R(_&b67E!J)$mdL)TLFo*n)Sg+Y|0sbI$hW+2zc}"
    "lJQ4x{AOFFfBd;D<8_UeG@W-0qhJ(_f>AIEM!_f;SO5Tnisib%Apig"
)
# A structure of HDF5, altered.
_CRASHING_HDF5 = (
    "ABzY8000000t4-qX*d+@8pmf08Ef_-i7X*&)@qdOV;9EAGO}d|8Ci#TBV>eRU#BrimNFT8me)3vU5)KzCnEcv?RYzNUFSO2bv~W*;r-C>%l$mheP93k|J<MM"
    "Xqcup6a5)_5Eu;j#qm!t?EkvU{(PsdSW+^EX_`_20;t&jz3><GQ~)3VaEcLd5`eCxUwSaW{|)RL(X}5IP8tA(0RSp0AdvfK?(Bcq{{@Hx0Av;52T=dW3IHHr"
    "03`I}M04U6#K6D^0G^2a<@iSh81f?n0&<_FrU9G`#YwCI_)|Fs@OL6xsiH>R9Ht3i_{-+WFixyu7*4{f1+Ih?OP;(d+`m;EOR24@;|=o=!lT~#x&c?yH!tt3"
    "Lr+~I%q^G>@!9RVROUo4zdw7?TFvIr*s+HXqFxC2_217dMePAdrsQbl0Xk5G1`N!~CXUrid9+#I5Cl)@71YqXsITDk-eCK6x@MADq4>pQy_+awJu}@3H`79V"
    "Cr3R#T@s&5nNzKr%bB}gsjrKRHj`f~?K9!F!AZyAmdJ3IuykSoTlT#k!i%>m<Gb3#FL}J-j#64(?~BAUr9^ECaXQI}6tBaX<|~1Ydk1qino$b))u4RKvcq=*"
    "c5ViX{a@X?dhwx7oQzp!VubWR`#I!2brqjebp|@?F?qh>j+xiLAE=-kDQBp|;(ZsqhM?juVQ)lk$bFLJHBP1##mgEdrV8s%9Nd+9am+OFs#&#3P$M<W`|WL&"
    "=EOMhZkt!^G_<OA9}d~iJE1rTc^-lz+ddOr`Ur9teMC$~J`uej1iM_Fo115InPeTCit%1G9eAXu&oxc^5r$l>iwot<q)wPJk6ULZ7}-e7JW#&xd@Nhqk@2<|"
    "BgYV8{3U-GCssKvRq-Ilc%y%Xdn-nA=}FeDx*72c9ax^%sID}P$>8}Ni&vMG;v;yQ#o+wSrALNS=CO*Miux12dtzS#+#I@hEU$;K-H7$^52-%{l0o(+mSvC7"
    "czjmnZ74I-2Xx1t5;rE|KBC75?_KwJ*yyT(<-WF!a-cLtqykHs;qr>C<0#5(uJY2VA+`<1>}-2L!m@fCORX6)Qd(t;b)xxr3U=kCPt6vAsy;h|<S0=zv5rCZ"
    "FP?V~8e+@5k=iTNBHOr8hH$3X)zPx7!NYtLQ7LTDmZyV&b^`CLV!BHimOx8+UNrc}8c22B@M(1~W++=p#P~d9xv?wbyF+~U;w#=nna>uNX8xcU!78l0=e>jx"
    "6|fus2xaP7I=ZzQViyfxmx6ikJ$Y=5t}Po(xP{SqE-S>Y`e1dkP(_t%G-<{!e`CHj&0yu-UO<U>*tV&vRj4I73g;p>2*vK%sk<g>`IW5Vv#i+0_z;o0k(c^h"
    "x}-%Mg<n#H3@@bdcO(tHdPP3%8wZwrHaTtYdSrZD_;fMzPno#sK-g4t`{F}Tymkx8Mm^k9L{vb?HA+I>Q0$F=(}ExTja*-DyqyAX<PLpiJ#(`#-M6^Prs@rf"
    "<sm9&q7T(!Rw+%_*S#fsttM_Pe&0(#HSHsO>DIS%O=DuZ+#Ji0VrPGbDPlRJ-=HI~o&Y7Y>`WV6E?T?n-e9#hl~*~mRzfY$Xgg2wH-jmjd4Fx5v9%&EiSMg^"
    "s41J7iWYeETvyyBeM{1$(6W@zwCQQ7xO%sC_UuLj@v#e^M%QL)U%cBbnc<LgOf1-<M1Q!VQMEMw2uo$hJl-I%iLpi(KVjJN<|65p0-)p7-uhZBO%+Lmb+Wv|"
    "Y~1Y50rPo`FX%h{y1Rtm!*sW?EGJcF{n$BTV}G_)5u2rO^|R=Y8GYXca@LXPgH2BkyYi8~dYQCazM$T$n#ktr6pm-x1QAM(TE_ISC)%2u&m_j@E2!xSEog}K"
    "fbHr^rb!Xr=yEVC+l<f<!I8|lv|Ky_X-CD=xmRB@<W}s;$a8@Y@$P|ouw>$g&#@P$IQ&FxsPfa!D-*ap6#Y8y1~HX8F4(XL(%pO~rFv>9EW1^`>S#^_C+ut*"
    "2=-(TpLYmA%9f`a4laLehdM-SR2u9~cwV_sC*Cr?FSwUF;-D}O>mwEGsm!}S=8ZhcDx7Evg0{VVdmRA1+tz2%uNw^Q%D}OCpg3i-Ar+{Nncfh5V4$F2TVd&*"
    "E?*1(vnu85N&Lpf>iFVQOj;!I9nEt*^likkzR3Q$u-zULajc%wG@%6Aylim$>8Bvn8F#I=<_BT!+vm{!#b?50q%|>GXY+ims7XUc3KD}F1=kpF=FM!>xMqcp"
    "r$CuG=zM8q2o~@R5<7BY!V09ek|nhHPUzN|yMWi?V+T^?><DBzaepj)<hs9hkFxXe0cUWZGL9VnMY5i&^9B2I+4kGUw|p~m9*{@*-ZIaNL-`~7JD%p1N5@$u"
    "hfT*h<__l2?24;K*SLONmDrqc4q`Ykw$Anx;$>ncO`dyCZG=ELPsdWHNLi_gCa}YmX=Q6s7d3L<IAjVyrzV(s&3tm7C5Q(gl3Txc2MgM(zq`-CJ$z`@yI-h3"
    "e55VOxwvYEr)elRx;@Xz`XC=>wr&j>P+C@NEnulSZS9pY;C?4lvI+a$@{STWX**MrueKJYxW>-W9ZS4m)S7BxYo2aNGI12~Fmpi<Y|y{hD_Y0H(sv|;#Ec5H"
    "ZCe?Wg!fCW&p-Vra}~Th71rW+&0_n?$9@ks)wE%ayt!<a3~9C0AWwI+4MQTLI*f!B>`)q+o})`|8s1?J7V@5pKH5)9uH)bGxHU0-H!TR6tW;CF8Q@RT|ML5%"
    "vr3aAmD5#S<!3SmeTGwCHl9mzc<BXBLCo?X3k>HJM{LC55w<<aJY`oC92t?hlL?U7QX@Kk@?NQl;xkA1N7<3ao1bd}SZsy5-HRVPZxe1TY-ysqfl_zM_0U5t"
    "i4r<IrT4An2D-4%H<BzqeYh%T!QGnauPHW;0qk>{7w}&?=l|)TWt{1V>^2&~SV6I0Xrn^S4tu@dJzv$JhyTQ*BdzkaF>Bl0^0YzI>4lgz_dUBbf>f)6sHi3m"
    "JtfmIxZbwE2fLZ#w8CgO;M0>=mUK$xcqk%UPw=940dZLMF(l<6-1ZI=Z0X9Au{S1XyDr^ExLs8U*|8tWF_7Grw_mu!nNntm|6F^+(}KrdBtQ_EeIzWlq9R#b"
    "4UM!%JRvUbnj%S35Yg*Z5t#gtnWU13sY`J8e!F<L!BMa;J;AA49`&t0Do4!2O0UN$vzWDfClx##?q)#Gaes*ik&$!L<=EL(%>9Z)m8aN^^)Ir1q01VvEbZni"
    "m0(*X9PL3AQLz)d{IJdbPzUgjHqSOMle+f9_Rk5&nXNJMF0uzCo^a7u_p`NAdl&C?u2vi7rVFwLCmyw|twW!xToFj)4+b_+*;dF@fvoK$j(GU6NFBIOQUaWd"
    "{3P^<ZI+%sjpC~L`rgdF5+*#ChmrGE5fKfZ%-r%bP#TJMsx$mne-O1hNJFLmre)$b@i7SEoQ4>V9YFvCFqrG?xGj1@_Oqw_6-f{bR92CkswHRDN%6H;qg^YO"
    "=hs1wY8QM{w)ES!w@QIpTUbqW%)vW5>23%1sj1DjYOa-Uj}!Yg&kty|lyV0>BACVuvC94N?H-};ObDn!Z@hIk7LBT};irwlO)q0n7CT2##~^@&u8F$2fi{3)"
    "_UE3KO!wcH#DLkgc))M|CIEkr;5Wbd&2N75Kk!dx0YneB6951"
)
CRASHING_FITS = gzip.decompress(base64.b85decode(_CRASHING_FITS))
CRASHING_HDF5 = gzip.decompress(base64.b85decode(_CRASHING_HDF5))
